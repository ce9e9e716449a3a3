//! Where a response is filed (`page::filing`).

use edge_isr::fields::cache_status::Forward;
use edge_isr::fields::no_vary_search::NoVarySearch;
use edge_isr::fields::vary::Selecting;
use edge_isr::page::filing::{FiledKey, filed_key};
use edge_isr::page::found::{Discarded, Found, Lookup};
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::stored::{PassingFirst, Variant};
use edge_isr::policy::time::Time;
use http::HeaderName;
use rstest::rstest;

use crate::samples::selected_by;

const NOW: Time = Time(100);
const LANGUAGE: &str = "accept-language: =de";

fn page() -> CacheKey {
    CacheKey::parse("https://site.test/a?b=1&c=2").unwrap()
}

fn selecting(names: &[&str]) -> Selecting {
    let mut names: Vec<&str> = names.to_vec();
    names.sort_unstable();
    names.dedup();
    names.iter().map(|name| ((*name).to_owned(), "=de".to_owned())).collect()
}

fn lookup(beside: Option<Variant>, found: Found<()>) -> Lookup<()> {
    Lookup::new(page().slot(), beside, found)
}

fn stored(fetched_at: i64, lines: &str) -> Found<()> {
    let stored = selected_by(fetched_at, lines);
    let detail = edge_isr::fields::cache_status::Detail::Purged;
    Found::Discarded(Box::new(Discarded { stored: stored.into(), inline: (), detail }))
}

fn nothing() -> Found<()> {
    Found::Nothing(Forward::UriMiss)
}

/// A response that varies by `own` is filed under the page's own slot, with the era.
#[rstest]
#[case::the_first(nothing(), "accept-language", NOW)]
#[case::it_replaces_one_of_the_same_fields(stored(7, LANGUAGE), "accept-language", Time(7))]
#[case::it_replaces_one_of_other_fields(stored(7, LANGUAGE), "save-data", NOW)]
#[case::it_replaces_one_of_no_fields(stored(7, LANGUAGE), "", NOW)]
fn a_first_variant_is_filed(#[case] found: Found<()>, #[case] own: &str, #[case] era: Time) {
    let names: Vec<HeaderName> = own.split_whitespace().map(|name| name.parse().unwrap()).collect();
    let filed = lookup(None, found).filed_under(&page(), &names, NOW, selecting);
    assert!(filed.slot == page().slot());
    let own: Vec<&str> = own.split_whitespace().collect();
    assert_eq!(filed.variant, Variant { selecting: selecting(&own), era });
}

#[test]
fn a_first_variant_that_passed_keeps_its_era() {
    let variant = selected_by(7, LANGUAGE).variant;
    let passing = Some(Box::new(PassingFirst { variant, kept_until: Time(999) }));
    let lookup = Lookup { passing, ..lookup(None, nothing()) };
    let names = ["accept-language".parse().unwrap()];
    assert_eq!(lookup.filed_under(&page(), &names, NOW, selecting).variant.era, Time(7));
}

#[test]
fn a_further_variant_is_found_by_the_fields_that_the_first_one_names() {
    let first = selected_by(7, "accept-language: =en\nsave-data: =on").variant;
    let names = ["accept-language".parse().unwrap()];
    let filed = lookup(Some(first), nothing()).filed_under(&page(), &names, NOW, selecting);
    let variant = selecting(&["accept-language", "save-data"]);
    assert!(filed.slot == page().variant_slot(Time(7), &variant));
    assert_eq!(filed.variant, Variant { selecting: variant, era: Time(7) });
}

#[test]
fn a_variant_that_varies_by_more_becomes_the_first_of_a_new_era() {
    let first = selected_by(7, "accept-language: =en").variant;
    let names = ["save-data".parse().unwrap()];
    let filed = lookup(Some(first), nothing()).filed_under(&page(), &names, NOW, selecting);
    assert!(filed.slot == page().slot());
    let variant = selecting(&["accept-language", "save-data"]);
    assert_eq!(filed.variant, Variant { selecting: variant, era: NOW });
}

#[rstest]
#[case::it_says_nothing(None, true, FiledKey::AsAsked)]
#[case::it_says_nothing_any_more(None, false, FiledKey::NoLongerShared)]
#[case::it_shares_nothing(Some("params=(\"x\")"), true, FiledKey::AsAsked)]
#[case::it_shares_nothing_in_another_spelling(Some("params=(\"x\")"), false, FiledKey::AsAsked)]
#[case::it_shares(Some("params=(\"c\")"), true, FiledKey::Shared(page().with_query("b=1")))]
fn a_response_says_which_urls_share_it(
    #[case] said: Option<&str>,
    #[case] is_canonical: bool,
    #[case] expected: FiledKey,
) {
    let said = said.map(|said| NoVarySearch::parse(said).unwrap());
    assert_eq!(filed_key(&page(), said.as_ref(), is_canonical), expected);
}
