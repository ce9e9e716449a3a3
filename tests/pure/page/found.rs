//! What follows from what a lookup found (`page::found`).

use edge_isr::fields::cache_status::{Detail, Forward};
use edge_isr::page::found::{Candidate, Discarded, Found, Lookup, Since, Unanswered};
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::refresh::first::KnownPage;
use edge_isr::policy::reuse::Verdict;
use edge_isr::policy::sharing::NotShared;
use edge_isr::policy::stored::{PassingFirst, StoredResponse, Variant};
use edge_isr::policy::time::Time;
use http::Method;
use rstest::rstest;

use crate::headers;
use crate::samples::{PRIVATE, VALIDATED, response, selected_by};

fn candidate(stored: StoredResponse) -> Found<()> {
    let verdict = Verdict::Revalidate { ttl: 0, on_error_until: None };
    Found::Response(Box::new(Candidate {
        stored: stored.into(),
        derived: Default::default(),
        body: (),
        verdict,
        detail: None,
    }))
}

fn discarded(stored: StoredResponse) -> Found<()> {
    Found::Discarded(Box::new(Discarded {
        stored: stored.into(),
        inline: (),
        detail: Detail::Purged,
    }))
}

fn nothing() -> Found<()> {
    Found::Nothing(Forward::UriMiss)
}

fn passes() -> Found<()> {
    Found::Pass(PRIVATE)
}

fn not_for_visitor() -> Found<()> {
    Found::NotForVisitor(NotShared::Cookie)
}

fn lookup(beside: Option<Variant>, found: Found<()>) -> Lookup<()> {
    let slot = CacheKey::parse("https://site.test/a").unwrap().slot();
    Lookup::new(slot, beside, found)
}

const LANGUAGE: &str = "accept-language: =de";

#[rstest]
#[case::nothing(nothing(), Forward::UriMiss, None)]
#[case::passes(passes(), Forward::UriMiss, Some(Detail::Private))]
#[case::not_for_visitor(not_for_visitor(), Forward::Bypass, Some(Detail::Cookie))]
#[case::discarded(discarded(response(1)), Forward::Miss, Some(Detail::Purged))]
#[case::stale(candidate(response(1)), Forward::Stale, None)]
fn a_forwarded_request_says_why(
    #[case] found: Found<()>,
    #[case] reason: Forward,
    #[case] detail: Option<Detail>,
) {
    let lookup = lookup(None, found);
    assert_eq!((lookup.forward_reason(), lookup.detail()), (reason, detail));
}

#[rstest]
#[case::nothing(nothing(), true)]
#[case::passes(passes(), false)]
#[case::not_for_visitor(not_for_visitor(), false)]
#[case::stale(candidate(response(1)), true)]
#[case::validated(candidate(StoredResponse { lifetimes: VALIDATED, ..response(1) }), false)]
#[case::purged(discarded(response(1)), true)]
#[case::purged_and_validated(
    discarded(StoredResponse { lifetimes: VALIDATED, ..response(1) }),
    false
)]
fn requests_collapse(#[case] found: Found<()>, #[case] expected: bool) {
    assert_eq!(found.collapses(), expected);
}

const FILLS: Unanswered = Unanswered::Fills;
const ALONE: Unanswered = Unanswered::GoesAlone(None);
const RANGE: Unanswered = Unanswered::GoesAlone(Some(Detail::Range));
const COOKIE: Unanswered = Unanswered::GoesAlone(Some(Detail::Cookie));

#[rstest]
#[case::nothing(nothing(), "GET", "a: b", FILLS)]
#[case::passes(passes(), "GET", "a: b", FILLS)]
#[case::head(nothing(), "HEAD", "a: b", ALONE)]
#[case::range(passes(), "GET", "range: bytes=0-1", RANGE)]
#[case::head_of_a_stored_page(candidate(response(1)), "HEAD", "a: b", FILLS)]
#[case::range_of_a_stored_page(candidate(response(1)), "GET", "range: bytes=0-1", FILLS)]
#[case::range_of_a_purged_page(discarded(response(1)), "GET", "range: bytes=0-1", FILLS)]
#[case::not_for_visitor(not_for_visitor(), "GET", "a: b", COOKIE)]
#[case::head_not_for_visitor(not_for_visitor(), "HEAD", "a: b", COOKIE)]
#[case::only_if_cached_5_2_1_7(
    candidate(response(1)),
    "GET",
    "cache-control: only-if-cached",
    Unanswered::OnlyIfCached
)]
#[case::only_if_cached_and_not_for_visitor(
    not_for_visitor(),
    "GET",
    "cache-control: only-if-cached",
    Unanswered::OnlyIfCached
)]
fn a_request_that_nothing_answers_at_once(
    #[case] found: Found<()>,
    #[case] method: Method,
    #[case] lines: &str,
    #[case] expected: Unanswered,
) {
    assert_eq!(found.unanswered(&method, &headers(lines)), expected);
}

#[rstest]
#[case::newer(candidate(response(6)), "newer")]
#[case::of_the_same_time(candidate(response(5)), "still newest")]
#[case::older(candidate(response(4)), "still newest")]
#[case::evicted(nothing(), "still newest")]
#[case::purged(discarded(response(5)), "still newest")]
#[case::newer_and_purged(discarded(response(6)), "gone")]
#[case::passes(passes(), "gone")]
#[case::not_for_visitor(not_for_visitor(), "gone")]
fn a_response_of_5_that_is_to_stand_in(#[case] newest: Found<()>, #[case] expected: &str) {
    let since = match newest.since(Time(5)) {
        Since::StillNewest => "still newest",
        Since::Newer(newer) => {
            assert_eq!(newer.stored.provenance.fetched_at, Time(6));
            "newer"
        }
        Since::Gone => "gone",
    };
    assert_eq!(since, expected);
}

#[test]
fn a_discarded_response_vouches_for_nothing() {
    assert!(candidate(response(1)).to_validate().is_some());
    assert!(discarded(response(1)).to_validate().is_none());
    assert!(discarded(response(1)).stored().is_some());
}

#[rstest]
#[case::stored(candidate(response(1)), None, false, KnownPage::Stored)]
#[case::purged(discarded(response(1)), None, true, KnownPage::Stored)]
#[case::not_for_visitor(not_for_visitor(), None, true, KnownPage::NotForVisitor)]
#[case::passes(passes(), None, false, KnownPage::Passes(PRIVATE))]
#[case::unknown(nothing(), None, true, KnownPage::Unknown)]
#[case::another_variant(nothing(), Some(Variant::default()), true, KnownPage::Stored)]
#[case::unknown_without_lease(nothing(), None, false, KnownPage::UnknownWithoutLease)]
#[case::another_variant_without_lease(
    nothing(),
    Some(Variant::default()),
    false,
    KnownPage::UnknownWithoutLease
)]
fn before_the_origin_is_asked_a_page_is(
    #[case] found: Found<()>,
    #[case] beside: Option<Variant>,
    #[case] has_lease: bool,
    #[case] expected: KnownPage,
) {
    assert_eq!(lookup(beside, found).known_page(has_lease), expected);
}

#[test]
fn a_page_varies_by_what_its_first_variant_names() {
    let names = |lookup: Lookup<()>| -> Vec<String> {
        lookup.varies_by().iter().map(ToString::to_string).collect()
    };
    let first = selected_by(1, LANGUAGE).variant;
    assert_eq!(names(lookup(None, candidate(selected_by(1, LANGUAGE)))), ["accept-language"]);
    assert_eq!(names(lookup(None, discarded(selected_by(1, LANGUAGE)))), ["accept-language"]);
    assert_eq!(
        names(lookup(Some(first), candidate(selected_by(1, "save-data: =on")))),
        ["accept-language"]
    );
    assert_eq!(names(lookup(None, nothing())), [""; 0]);
}

#[rstest]
#[case::the_first_of_several(None, candidate(selected_by(1, LANGUAGE)), true)]
#[case::a_purged_one(None, discarded(selected_by(1, LANGUAGE)), true)]
#[case::the_only_one(None, candidate(response(1)), false)]
#[case::by_coding_alone(None, candidate(selected_by(1, "accept-encoding: gzip")), false)]
#[case::a_further_one(
    Some(selected_by(1, LANGUAGE).variant),
    candidate(selected_by(1, LANGUAGE)),
    false
)]
#[case::nothing(None, nothing(), false)]
fn where_a_first_variant_passes_the_others_are_found_beside_it(
    #[case] beside: Option<Variant>,
    #[case] found: Found<()>,
    #[case] expected: bool,
) {
    let first = lookup(beside, found).passing_first(|_| Time(9));
    let variant = selected_by(1, LANGUAGE).variant;
    let passing = PassingFirst { variant, kept_until: Time(9) };
    assert_eq!(first, expected.then_some(passing));
}

#[test]
fn a_first_variant_that_passed_before_is_still_known() {
    let passing = PassingFirst { variant: selected_by(1, LANGUAGE).variant, kept_until: Time(3) };
    let known = Some(Box::new(passing.clone()));
    let lookup = Lookup { passing: known, ..lookup(None, passes()) };
    assert_eq!(lookup.passing_first(|_| Time(9)), Some(passing));
}
