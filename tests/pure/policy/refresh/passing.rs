use edge_isr::policy::refresh::passing::{WhenNotForAll, when_not_for_all};
use edge_isr::policy::refresh::plain::{ForwardHeaders, carries_what_selects, may_be_as_good};
use edge_isr::policy::stored::Pass;
use edge_isr::policy::storing::Refusal;
use rstest::rstest;

use crate::headers;
use crate::samples::PRIVATE;

#[rstest]
#[case::plain(true, false, false, true)]
#[case::with_a_field_of_one_visitor(true, false, true, false)]
#[case::of_one_variant_of_many(true, true, true, true)]
#[case::own(false, true, false, false)]
fn other_requests_are_told_of_a_plain_request(
    #[case] plain: bool,
    #[case] is_of_one_variant: bool,
    #[case] carries_what_selects: bool,
    #[case] told: bool,
) {
    let pass = Pass { plain, ..PRIVATE };
    let expected = Pass { plain: told, ..PRIVATE };
    assert_eq!(pass.as_told(is_of_one_variant, carries_what_selects), expected);
}

#[test]
fn credentials_that_may_not_be_shared_say_nothing_of_the_page() {
    assert!(!Refusal::Authorization.is_of_page());
    assert!(Refusal::Private.is_of_page());
}

#[rstest]
#[case::coding("accept-encoding: gzip", false, false)]
#[case::forwarded("x-tenant: a", false, false)]
#[case::language("accept-language: de", false, true)]
#[case::for_scripts_of_a_site("origin: https://other.test", true, false)]
fn a_plain_request_carries_what_selects(
    #[case] carried: &str,
    #[case] is_of_site: bool,
    #[case] expected: bool,
) {
    let forward = ForwardHeaders::These(vec!["x-tenant".parse().unwrap()]);
    assert_eq!(carries_what_selects(&headers(carried), &forward, is_of_site), expected);
    assert!(!carries_what_selects(&headers(carried), &ForwardHeaders::All, is_of_site));
}

#[rstest]
#[case::it_was_as_good_as_their_own("", true, WhenNotForAll::PassedOn)]
#[case::but_for_the_platforms_words("cf-ray", true, WhenNotForAll::PassedOn)]
#[case::they_have_more_to_say("cookie", true, WhenNotForAll::AsksTheOrigin)]
#[case::no_visitor_waits("cookie", false, WhenNotForAll::PassedOn)]
fn a_visitor_whose_page_turned_out_not_to_be_for_all_gets(
    #[case] added: &str,
    #[case] waits: bool,
    #[case] expected: WhenNotForAll,
) {
    let added: Vec<_> = added.split_whitespace().map(|name| name.parse().unwrap()).collect();
    assert_eq!(when_not_for_all(&added, waits), expected);
}

#[rstest]
#[case::like_a_plain_one("accept: */*", false, true, true)]
#[case::with_a_cookie("cookie: a=b", false, true, false)]
#[case::not_for_its_visitor("accept: */*", true, true, false)]
#[case::in_another_spelling("accept: */*", false, false, false)]
fn an_own_request_may_be_as_good_as_plain(
    #[case] carried: &str,
    #[case] not_for_visitor: bool,
    #[case] is_canonical: bool,
    #[case] expected: bool,
) {
    assert_eq!(may_be_as_good(&headers(carried), not_for_visitor, is_canonical), expected);
}
