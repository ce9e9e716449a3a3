//! Which visitors a stored response is shared with (`policy::sharing`).

use edge_isr::fields::vary::Selecting;
use edge_isr::policy::sharing::variants::{Places, places};
use edge_isr::policy::sharing::{
    NotShared, is_for_visitor, not_comparable_unseen, not_shared, selects,
};
use edge_isr::policy::stored::StoredResponse;
use rstest::rstest;

use crate::headers;
use crate::samples::selected_by;

const LANGUAGE: &str = "accept-language: =de";
const BY_COOKIE: &str = "cookie: =1";

/// Whether it is for all, whether variants by cookie are stored, whether the visitor has cookies.
#[rstest]
#[case::no_cookies(LANGUAGE, "a: b", (false, false, false), None)]
#[case::cookies(LANGUAGE, "a: b", (false, false, true), Some(NotShared::Cookie))]
#[case::it_is_for_all(LANGUAGE, "a: b", (true, false, true), None)]
#[case::by_cookie(BY_COOKIE, "a: b", (false, true, true), None)]
#[case::by_cookie_not_stored(BY_COOKIE, "a: b", (false, false, true), Some(NotShared::Cookie))]
#[case::by_cookie_not_of_this_page(LANGUAGE, "a: b", (false, true, true), Some(NotShared::Cookie))]
#[case::another_representation(
    LANGUAGE,
    "rsc: 1",
    (true, false, false),
    Some(NotShared::Representation)
)]
#[case::a_representation_that_selects("rsc: =1", "rsc: 1", (true, false, false), None)]
#[case::a_field_that_is_not_compared(
    LANGUAGE,
    "accept-language: ä",
    (true, false, false),
    Some(NotShared::Oversized)
)]
fn a_page_is_not_shared(
    #[case] variant: &str,
    #[case] request: &str,
    #[case] (for_all, by_cookie, has_cookies): (bool, bool, bool),
    #[case] expected: Option<NotShared>,
) {
    let stored = StoredResponse { for_all, ..selected_by(1, variant) };
    assert_eq!(not_shared(&stored, &headers(request), by_cookie, || has_cookies), expected);
}

#[rstest]
#[case::known("rsc: 1", "rsc", None)]
#[case::unknown("rsc: 1", "", Some(NotShared::Representation))]
#[case::ordinary("accept-language: de", "", None)]
fn a_representation_of_a_page_that_is_not_stored(
    #[case] request: &str,
    #[case] suspected: &str,
    #[case] expected: Option<NotShared>,
) {
    let suspected: Vec<_> = suspected.split_whitespace().map(|it| it.parse().unwrap()).collect();
    assert_eq!(not_comparable_unseen(&suspected, &headers(request)), expected);
}

fn selecting(lines: &str) -> Selecting {
    selected_by(0, lines).variant.selecting
}

#[rstest]
#[case::the_same(LANGUAGE, LANGUAGE, true)]
#[case::another(LANGUAGE, "accept-language: =en", false)]
#[case::absent(LANGUAGE, "accept-language: absent", false)]
#[case::undecoded("x: =\u{fffd}", "x: =\u{fffd}", false)]
fn a_variant_is_selected(#[case] variant: &str, #[case] wanted: &str, #[case] expected: bool) {
    assert_eq!(selects(&selecting(variant), &selecting(wanted)), expected);
}

#[test]
fn a_page_that_varies_by_nothing_is_selected_by_all() {
    assert!(selects(&Selecting::new(), &Selecting::new()));
}

#[rstest]
#[case::selected(LANGUAGE, "a: b", false, true)]
#[case::another_language("accept-language: =en", "a: b", false, false)]
#[case::cookies(LANGUAGE, "a: b", true, false)]
#[case::not_compared(LANGUAGE, "accept-language: ä", false, false)]
fn the_response_to_a_plain_request_is_for_the_visitor(
    #[case] wanted: &str,
    #[case] request: &str,
    #[case] has_cookies: bool,
    #[case] expected: bool,
) {
    let (stored, wanted) = (selected_by(1, LANGUAGE), selecting(wanted));
    let is_for = |stored: &StoredResponse, by_cookie| {
        is_for_visitor(stored, &wanted, &headers(request), by_cookie, || has_cookies)
    };
    assert_eq!(is_for(&stored, false), expected);
    assert_eq!(is_for(&stored, true), expected, "it does not vary by cookie");
}

#[rstest]
#[case::first(None, false, Places::Uncounted)]
#[case::first_for_a_site(None, true, Places::OfSites)]
#[case::further(Some(LANGUAGE), false, Places::OfPage)]
#[case::further_for_a_site(Some(LANGUAGE), true, Places::OfPage)]
#[case::coding(Some("accept-encoding: gzip"), false, Places::Uncounted)]
#[case::coding_and_nothing(
    Some("accept-encoding: gzip\nsave-data: absent"),
    false,
    Places::Uncounted
)]
fn a_variant_takes_a_place(
    #[case] further: Option<&str>,
    #[case] is_of_site: bool,
    #[case] expected: Places,
) {
    let further = further.map(selecting);
    assert_eq!(places(further.as_ref(), is_of_site), expected);
}
