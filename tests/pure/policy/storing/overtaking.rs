use edge_isr::policy::fence::Purged;
use edge_isr::policy::freshness::Made;
use edge_isr::policy::stored::{Pass, PassMarker, PassingFirst, Stored, Variant};
use edge_isr::policy::storing::overtaking::{Current, Put, put};
use edge_isr::policy::time::Time;
use rstest::rstest;

use crate::samples::{PRIVATE, marker, response, stored};

fn page(fetched_at: i64) -> Stored {
    stored(response(fetched_at))
}

/// What a visitor's own request said, which is not for others.
const OWN: Pass = Pass { plain: false, ..PRIVATE };

fn passes(fetched_at: i64, pass: Pass) -> Stored {
    Stored::Pass(marker(fetched_at, pass))
}

/// A marker beside which other variants are found.
fn passes_first(fetched_at: i64, pass: Pass) -> Stored {
    let first = Some(PassingFirst { variant: Variant::default(), kept_until: Time(9999) });
    Stored::Pass(PassMarker { first, ..marker(fetched_at, pass) })
}

#[rstest]
#[case::later(page(1), page(2), true)]
#[case::of_the_same_time(page(2), page(2), true)]
#[case::earlier(page(2), page(1), false)]
#[case::passes_later(page(1), passes(2, PRIVATE), true)]
#[case::passes_earlier(page(2), passes(1, PRIVATE), false)]
#[case::own_takes_nothing_from_others(page(1), passes(2, OWN), false)]
#[case::own_after_a_marker(passes(1, PRIVATE), passes(2, OWN), true)]
#[case::own_after_one_that_finds_others(passes_first(1, PRIVATE), passes(2, OWN), false)]
#[case::stored_after_a_marker(passes(1, PRIVATE), page(2), true)]
fn nothing_replaces_what_was_fetched_later(
    #[case] current: Stored,
    #[case] new: Stored,
    #[case] is_written: bool,
) {
    let known =
        Current { stored: &current, turned_away: false, is_behind: false, both_hard_purged: false };
    let expected = if is_written { Put::Write(new.clone()) } else { Put::KeepCurrent };
    assert_eq!(put(Some(known), new), expected);
}

#[test]
fn a_page_that_its_own_revalidation_turns_away_goes_by_an_own_marker() {
    let (current, new) = (page(1), passes(2, OWN));
    let known =
        Current { stored: &current, turned_away: true, is_behind: false, both_hard_purged: false };
    assert_eq!(put(Some(known), new.clone()), Put::Write(new));
}

#[rstest]
#[case(true, true, true)]
#[case(true, false, false)]
#[case(false, true, false)]
fn what_the_origins_cache_made_earlier_is_awaited_where_both_are_hard_purged(
    #[case] is_behind: bool,
    #[case] both_hard_purged: bool,
    #[case] is_written: bool,
) {
    let (current, new) = (page(2), page(1));
    let known = Current { stored: &current, turned_away: false, is_behind, both_hard_purged };
    let expected = if is_written { Put::Write(new.clone()) } else { Put::KeepCurrent };
    assert_eq!(put(Some(known), new), expected);
}

#[test]
fn an_empty_slot_begins_a_new_era() {
    let mut new = response(7);
    new.variant.era = Time(3);
    let Put::Write(Stored::Response(written)) = put(None, stored(new)) else { panic!() };
    assert_eq!(written.variant.era, Time(7));
}

#[rstest]
#[case::for_this_request(Made::ForThisRequest(Time(0)), Purged::Hard, false)]
#[case::declared_stale(Made::Stale(Time(0)), Purged::No, true)]
#[case::before(Made::Before(Time(0)), Purged::No, false)]
#[case::before_a_purge(Made::Before(Time(0)), Purged::Soft, true)]
fn the_origin_is_behind(#[case] made: Made, #[case] purged: Purged, #[case] expected: bool) {
    assert_eq!(made.is_behind(purged), expected);
}
