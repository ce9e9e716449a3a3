use edge_isr::policy::key::{CacheKey, Slot};
use edge_isr::policy::sharing::variants::{Admission, VariantLimits, Variants};
use edge_isr::policy::time::Time;

const LIMITS: VariantLimits = VariantLimits { most: 3, stored_at_request: 2 };

fn page(name: &str) -> Slot {
    CacheKey::parse(&format!("https://site.test/{name}")).unwrap().slot()
}

fn variant(number: u32) -> Slot {
    page("a").beside(&number.to_string())
}

fn ask(variants: &mut Variants, number: u32, at: i64) -> Admission {
    variants.asked(&page("a"), &variant(number), LIMITS, Time(at));
    variants.admission(&page("a"), &variant(number), LIMITS)
}

#[test]
fn a_variant_gets_a_place_at_its_second_request() {
    let mut variants = Variants::default();
    assert_eq!(ask(&mut variants, 1, 0), Admission::NotYet);
    assert_eq!(ask(&mut variants, 1, 1), Admission::Stored);
}

#[test]
fn a_variant_that_is_asked_for_on_other_pages_gets_a_place_at_its_first_request() {
    let mut variants = Variants::default();
    variants.asked_as_elsewhere(&page("a"), &variant(1), LIMITS, Time(0));
    assert_eq!(variants.admission(&page("a"), &variant(1), LIMITS), Admission::Stored);
}

#[test]
fn a_page_has_no_more_places_for_what_is_asked_for_on_other_pages() {
    let mut variants = Variants::default();
    for number in 0..4 {
        variants.asked_as_elsewhere(&page("a"), &variant(number), LIMITS, Time(0));
    }
    assert_eq!(variants.admission(&page("a"), &variant(2), LIMITS), Admission::Stored);
    assert_eq!(variants.admission(&page("a"), &variant(3), LIMITS), Admission::Full);
}

#[test]
fn a_page_has_so_many_variants_and_what_exceeds_them_passes() {
    let mut variants = Variants::default();
    for number in 0..3 {
        ask(&mut variants, number, 0);
        assert_eq!(ask(&mut variants, number, 0), Admission::Stored);
    }
    ask(&mut variants, 3, 0);
    assert_eq!(ask(&mut variants, 3, 0), Admission::Full);
    assert_eq!(ask(&mut variants, 0, 0), Admission::Stored);
}

#[test]
fn variants_without_further_requests_give_up_their_place() {
    let mut variants = Variants::default();
    for number in [0, 0, 1, 1, 2, 2] {
        ask(&mut variants, number, 0);
    }
    let later = 61 * 60 * 1000;
    ask(&mut variants, 3, later);
    assert_eq!(ask(&mut variants, 3, later), Admission::Stored);
}

#[test]
fn a_flood_of_values_keeps_no_place_from_a_variant_with_a_second_request() {
    let mut variants = Variants::default();
    for number in 100..10_000 {
        ask(&mut variants, number, 0);
    }
    ask(&mut variants, 1, 0);
    assert_eq!(ask(&mut variants, 1, 0), Admission::Stored);
}

#[test]
fn where_the_first_request_is_enough_none_needs_to_be_counted() {
    let limits = VariantLimits { most: 3, stored_at_request: 1 };
    let variants = Variants::default();
    assert_eq!(variants.admission(&page("a"), &variant(1), limits), Admission::Stored);
}

#[test]
fn a_variant_is_forgotten_when_an_hour_is_over() {
    const HOUR: i64 = 60 * 60 * 1000;
    for (at, admission) in [(HOUR - 1, Admission::Stored), (HOUR, Admission::NotYet)] {
        let mut variants = Variants::default();
        ask(&mut variants, 1, 0);
        assert_eq!(ask(&mut variants, 1, at), admission);
    }
}

#[test]
fn twice_as_many_variants_are_counted_as_have_a_place() {
    let once = |numbers: std::ops::Range<u32>| {
        let mut variants = Variants::default();
        for number in numbers {
            ask(&mut variants, number, 0);
        }
        variants
    };
    assert_eq!(ask(&mut once(0..6), 0, 0), Admission::Stored);
    assert_eq!(ask(&mut once(0..7), 0, 0), Admission::NotYet);
    assert_eq!(ask(&mut once(0..7), 1, 0), Admission::Stored);
}

#[test]
fn a_flood_of_values_takes_no_place_that_is_taken() {
    let mut variants = Variants::default();
    for _ in 0..2 {
        ask(&mut variants, 0, 0);
    }
    for number in 1..100 {
        ask(&mut variants, number, 0);
    }
    assert_eq!(variants.admission(&page("a"), &variant(0), LIMITS), Admission::Stored);
}

/// As many pages as are counted, one after the other.
fn full() -> Variants {
    let mut variants = Variants::default();
    for number in 0..1024 {
        let page = page(&number.to_string());
        variants.asked_as_elsewhere(&page, &page.beside("x"), LIMITS, Time(number));
    }
    variants
}

fn is_known(variants: &Variants, number: i64) -> bool {
    let page = page(&number.to_string());
    variants.admission(&page, &page.beside("x"), LIMITS) == Admission::Stored
}

#[test]
fn a_further_page_takes_the_place_of_the_half_that_was_not_asked_for_for_longest() {
    let mut variants = full();
    variants.asked(&page("new"), &variant(1), LIMITS, Time(2_000));
    assert!(!is_known(&variants, 0) && !is_known(&variants, 512));
    assert!(is_known(&variants, 513) && is_known(&variants, 1023));
}

#[test]
fn a_known_page_takes_no_place_of_another() {
    let mut variants = full();
    variants.asked(&page("7"), &variant(1), LIMITS, Time(2_000));
    assert!((0..1024).all(|number| is_known(&variants, number)));
}
