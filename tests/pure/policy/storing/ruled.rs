//! What rules say about storing, beside the origin's own word.

use std::rc::Rc;

use edge_isr::policy::cookies::CookieNames;
use edge_isr::policy::freshness::Lifetimes;
use edge_isr::policy::stored::StoredResponse;
use edge_isr::policy::storing::ruled::{Forced, Ruled, SetAside};
use edge_isr::policy::storing::{Refusal, Storing, StoringSettings, storing};
use edge_isr::policy::time::Time;
use http::{HeaderMap, StatusCode};
use rstest::rstest;

use crate::headers;
use crate::samples::response;

const KEPT: SetAside =
    SetAside { lifetime: false, no_cache: false, private: false, no_store: false };

fn forced(set_aside: SetAside) -> Ruled {
    let forced = Some(Forced { ttl: Some(600), set_aside });
    Ruled {
        forced,
        stale_while_revalidate: Some(7),
        stale_if_error: Some(8),
        browser_ttl: Some(0),
        of_old_build: None,
    }
}

fn decided(lines: &str, ruled: Ruled) -> Storing {
    let (request, terms) = (HeaderMap::new(), StoringSettings::default());
    storing(StatusCode::OK, &headers(lines), &request, terms, ruled, Time(0))
}

fn lifetimes(lines: &str, ruled: Ruled) -> Lifetimes {
    match decided(lines, ruled) {
        Storing::Store(lifetimes) => lifetimes,
        Storing::Refuse(refusal) => panic!("{refusal:?}"),
    }
}

#[rstest]
#[case::silent("a: b", KEPT, 600, Some(7), Some(8))]
#[case::stated("cache-control: max-age=5", KEPT, 5, Some(7), Some(8))]
#[case::expires("expires: Thu, 01 Jan 1970 00:00:09 GMT", KEPT, 9, Some(7), Some(8))]
#[case::windows(
    "cache-control: s-maxage=5, stale-while-revalidate=1, stale-if-error=2",
    KEPT,
    5,
    Some(1),
    Some(2)
)]
#[case::aside(
    "cache-control: s-maxage=5, stale-while-revalidate=1, stale-if-error=2",
    SetAside { lifetime: true, ..KEPT },
    600,
    Some(7),
    Some(8)
)]
#[case::expires_aside("expires: 0", SetAside { lifetime: true, ..KEPT }, 600, Some(7), Some(8))]
fn a_rule_gives_what_the_origin_does_not_state_or_what_is_set_aside(
    #[case] lines: &str,
    #[case] set_aside: SetAside,
    #[case] fresh: u64,
    #[case] stale_while_revalidate: Option<u64>,
    #[case] stale_if_error: Option<u64>,
) {
    let lifetimes = lifetimes(lines, forced(set_aside));
    assert_eq!(lifetimes.fresh, fresh);
    assert_eq!(lifetimes.stale_while_revalidate, stale_while_revalidate);
    assert_eq!(lifetimes.stale_if_error, stale_if_error);
}

#[rstest]
#[case::revalidated("cache-control: max-age=5, must-revalidate", KEPT, true, 5)]
#[case::proxy("cache-control: max-age=5, proxy-revalidate", KEPT, true, 5)]
#[case::aside("cache-control: max-age=5, must-revalidate", SetAside { lifetime: true, ..KEPT }, false, 600)]
#[case::proxy_aside("cache-control: proxy-revalidate", SetAside { lifetime: true, ..KEPT }, false, 600)]
#[case::no_cache("cache-control: no-cache\netag: \"1\"", KEPT, true, 0)]
#[case::no_cache_aside("cache-control: no-cache", SetAside { no_cache: true, ..KEPT }, false, 600)]
#[case::lifetime_alone("cache-control: no-cache\netag: \"1\"", SetAside { lifetime: true, ..KEPT }, true, 0)]
fn a_page_is_never_stale_if_the_origin_says_so_and_that_counts(
    #[case] lines: &str,
    #[case] set_aside: SetAside,
    #[case] never_stale: bool,
    #[case] fresh: u64,
) {
    let lifetimes = lifetimes(lines, forced(set_aside));
    assert_eq!((lifetimes.never_stale, lifetimes.fresh), (never_stale, fresh));
}

#[rstest]
#[case("cache-control: private", SetAside { private: true, ..KEPT }, Refusal::Private)]
#[case("cache-control: no-store", SetAside { no_store: true, ..KEPT }, Refusal::NoStore)]
fn a_word_of_the_origin_counts_unless_it_is_set_aside(
    #[case] lines: &str,
    #[case] set_aside: SetAside,
    #[case] refusal: Refusal,
) {
    assert_eq!(decided(lines, forced(KEPT)), Storing::Refuse(refusal));
    assert_eq!(lifetimes(lines, forced(set_aside)).fresh, 600);
    let others = SetAside {
        lifetime: true,
        no_cache: true,
        private: !set_aside.private,
        no_store: !set_aside.no_store,
    };
    assert_eq!(decided(lines, forced(others)), Storing::Refuse(refusal));
}

#[rstest]
#[case::silent("a: b", None, KEPT, Some(0))]
#[case::stated("cache-control: max-age=31536000, immutable", None, KEPT, None)]
#[case::expires("expires: 0", None, KEPT, None)]
#[case::aside("cache-control: max-age=9", None, SetAside { lifetime: true, ..KEPT }, Some(0))]
#[case::ruled("cache-control: max-age=9", Some(7), KEPT, Some(7))]
fn a_browser_is_told_no_lifetime_that_the_rules_alone_give(
    #[case] lines: &str,
    #[case] browser_ttl: Option<u64>,
    #[case] set_aside: SetAside,
    #[case] told: Option<u64>,
) {
    let ruled = Ruled { browser_ttl, ..forced(set_aside) };
    assert_eq!(ruled.told_to_browsers(&headers(lines)), told);
    let by_origin = Ruled { forced: None, ..ruled };
    assert_eq!(by_origin.told_to_browsers(&headers(lines)), browser_ttl);
}

#[test]
fn windows_of_a_rule_store_nothing_by_themselves() {
    let ruled = Ruled { stale_while_revalidate: Some(7), ..Ruled::default() };
    assert_eq!(decided("a: b", ruled), Storing::Refuse(Refusal::NoLifetime));
    assert_eq!(lifetimes("cache-control: max-age=5", ruled).stale_while_revalidate, Some(7));
}

#[rstest]
#[case("edge-isr: no-store", true)]
#[case("edge-isr:  no-store ", true)]
#[case("edge-isr: No-Store", true)]
#[case("edge-isr: no-store, no-store", true)]
#[case("edge-isr: x, no-store;a=1", true)]
#[case("edge-isr: no-stores", false)]
#[case("edge-isr: store", false)]
#[case("edge-isr: store\nedge-isr: no-store", true)]
fn the_application_may_keep_a_response_out_of_the_cache(#[case] lines: &str, #[case] out: bool) {
    let aside = SetAside { lifetime: true, no_cache: true, private: true, no_store: true };
    let refused = decided(lines, forced(aside)) == Storing::Refuse(Refusal::NoStore);
    assert_eq!(refused, out);
}

fn applied(stored: &StoredResponse, ruled: Ruled) -> Option<Rc<StoredResponse>> {
    ruled.applied_to(Rc::new(stored.clone()), None, StoringSettings::default())
}

#[test]
fn rules_of_today_count_for_what_was_stored_before() {
    let by_rule = StoredResponse { by_rule: true, ..response(0) };
    assert_eq!(applied(&by_rule, Ruled::default()), None, "no rule would store it");
    let now = applied(&by_rule, forced(KEPT)).unwrap();
    assert_eq!((now.lifetimes.fresh, now.browser_ttl, now.for_all), (600, Some(0), true));
    let by_origin = StoredResponse { headers: headers("cache-control: max-age=5"), ..response(0) };
    assert_eq!(applied(&by_origin, Ruled::default()).as_deref(), Some(&by_origin));
    let now = applied(&by_origin, forced(KEPT)).unwrap();
    assert_eq!((now.lifetimes.fresh, now.by_rule), (5, true));
    // Now the rule is gone, and the origin's own word counts again.
    let again = applied(&now, Ruled::default()).unwrap();
    assert_eq!((again.lifetimes.fresh, again.by_rule, again.browser_ttl), (5, false, None));
}

#[test]
fn windows_of_a_rule_end_with_it() {
    let said = StoredResponse { headers: headers("cache-control: max-age=5"), ..response(0) };
    let ruled = Ruled { stale_while_revalidate: Some(7), ..Ruled::default() };
    let now = applied(&said, ruled).unwrap();
    assert_eq!(now.lifetimes.stale_while_revalidate, Some(7));
    let again = applied(&now, Ruled::default()).unwrap();
    assert_eq!((again.lifetimes.stale_while_revalidate, again.by_rule), (None, false));
}

#[rstest]
#[case(&["a", "b*"], true)]
#[case(&["a"], false)]
fn a_response_is_used_only_while_all_its_cookies_are_stripped(
    #[case] names: &[&str],
    #[case] used: bool,
) {
    let stripped = vec!["a".to_owned(), "bc".to_owned()];
    let stored = Rc::new(StoredResponse { stripped, ..response(0) });
    let (names, terms) = (CookieNames::parse(names).unwrap(), StoringSettings::default());
    for ruled in [forced(KEPT), Ruled::default()] {
        assert_eq!(ruled.applied_to(stored.clone(), Some(&names), terms).is_some(), used);
        assert!(ruled.applied_to(stored.clone(), None, terms).is_none());
    }
}

#[test]
fn a_response_that_its_origin_calls_stale_is_never_fresh_by_a_rule() {
    let stale = StoredResponse { headers: headers("x-nextjs-cache: STALE"), ..response(0) };
    assert_eq!(applied(&stale, forced(KEPT)).unwrap().lifetimes.fresh, 0);
    assert_eq!(applied(&response(0), forced(KEPT)).unwrap().lifetimes.fresh, 600);
}
