use edge_isr::policy::refresh::plain::{ForwardHeaders, carries_what_selects};
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
