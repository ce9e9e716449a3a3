use edge_isr::policy::storing::ruled::Ruled;
use edge_isr::policy::storing::{Refusal, Storing, StoringSettings, storing};
use edge_isr::policy::time::Time;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use proptest::prelude::*;
use rstest::rstest;

use crate::headers;

fn verdict(status: u16, response: &str, request: &str) -> Option<Refusal> {
    let status = StatusCode::from_u16(status).unwrap();
    match storing(
        status,
        &headers(response),
        &headers(request),
        StoringSettings::default(),
        Ruled::default(),
        Time(0),
    ) {
        Storing::Store(_) => None,
        Storing::Refuse(refusal) => Some(refusal),
    }
}

#[rstest]
#[case::lifetime("cache-control: max-age=60", None)]
#[case::s_maxage("cache-control: s-maxage=60", None)]
#[case::expires("expires: Wed, 21 Oct 2099 07:28:00 GMT", None)]
#[case::nothing("x: y", Some(Refusal::NoLifetime))]
#[case::only_public("cache-control: public", Some(Refusal::NoLifetime))]
#[case::zero_with_nothing_to_revalidate("cache-control: max-age=0", Some(Refusal::NoLifetime))]
#[case::zero_with_a_validator("cache-control: max-age=0\netag: \"1\"", None)]
#[case::zero_with_a_stale_window("cache-control: max-age=0, stale-while-revalidate=60", None)]
#[case::no_cache_with_a_validator("cache-control: no-cache\netag: \"1\"", None)]
#[case::no_cache_with_none("cache-control: no-cache, max-age=60", Some(Refusal::NoLifetime))]
#[case::no_store_5_2_2_5("cache-control: max-age=60, no-store", Some(Refusal::NoStore))]
#[case::private_5_2_2_7("cache-control: max-age=60, private", Some(Refusal::Private))]
#[case::private_in_upper_case("cache-control: max-age=60, PRIVATE", Some(Refusal::Private))]
#[case::private_on_a_second_line(
    "cache-control: max-age=60\ncache-control: private",
    Some(Refusal::Private)
)]
#[case::private_for_a_field_5_2_2_7("cache-control: max-age=60, private=\"x\"", None)]
#[case::must_understand_5_2_2_3("cache-control: max-age=60, no-store, must-understand", None)]
#[case::set_cookie("cache-control: max-age=60\nset-cookie: a=b", Some(Refusal::SetCookie))]
#[case::vary_any_4_1("cache-control: max-age=60\nvary: accept, *", Some(Refusal::VaryAny))]
fn a_200_is_stored_or_refused_for_a_reason(
    #[case] response: &str,
    #[case] refusal: Option<Refusal>,
) {
    assert_eq!(verdict(200, response, ""), refusal);
}

#[rstest]
#[case(200, None)]
#[case(204, None)]
#[case(301, None)]
#[case(404, None)]
#[case(410, None)]
#[case(500, None)]
#[case(599, None)]
#[case(206, Some(Refusal::Status))]
#[case(304, Some(Refusal::Status))]
#[case(101, Some(Refusal::Status))]
fn any_final_whole_status_with_a_lifetime_3(#[case] status: u16, #[case] refusal: Option<Refusal>) {
    assert_eq!(verdict(status, "cache-control: max-age=60", ""), refusal);
}

#[rstest]
#[case("max-age=60", Some(Refusal::Authorization))]
#[case("max-age=60, public", None)]
#[case("s-maxage=60", None)]
#[case("max-age=60, must-revalidate", None)]
fn an_authorized_answer_is_shared_only_where_3_5_allows(
    #[case] control: &str,
    #[case] refusal: Option<Refusal>,
) {
    let response = format!("cache-control: {control}");
    assert_eq!(verdict(200, &response, "authorization: Basic x"), refusal);
}

proptest! {
    #[test]
    fn no_private_response_is_ever_stored(
        before in "[ -~]{0,20}",
        spelling in prop::sample::select(vec!["private", "PRIVATE", "no-store", "No-Store"]),
        after in "[!#-~][ !#-~]{0,20}",
        status in 100u16..600,
    ) {
        // Between quotation marks it would be part of another directive's value.
        prop_assume!(before.matches('"').count() == 0 || !after.contains('"'));
        let mut response = HeaderMap::new();
        let value = format!("max-age=60,{before},{spelling},{after}");
        response.insert("cache-control", HeaderValue::from_str(&value).unwrap());
        let status = StatusCode::from_u16(status).unwrap();
        prop_assert!(matches!(storing(status, &response, &HeaderMap::new(), StoringSettings::default(), Ruled::default(), Time(0)), Storing::Refuse(_)));
    }

    #[test]
    fn no_header_makes_it_panic(fields in prop::collection::vec((0usize..9, prop::collection::vec(any::<u8>(), 0..40)), 0..6)) {
        let names = ["cache-control", "expires", "date", "age", "vary", "etag", "cdn-cache-control", "set-cookie", "surrogate-control"];
        let mut response = HeaderMap::new();
        for (name, value) in fields {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                response.append(HeaderName::from_static(names[name]), value);
            }
        }
        storing(StatusCode::OK, &response, &HeaderMap::new(), StoringSettings::default(), Ruled::default(), Time(0));
    }
}

#[rstest]
#[case(200, "", true)]
#[case(204, "", true)]
#[case(404, "", true)]
#[case(201, "", false)]
#[case(302, "", false)]
#[case(503, "", false)]
#[case(599, "cache-control: public", true)]
fn heuristic_freshness_is_by_setting_and_by_status_4_2_2(
    #[case] status: u16,
    #[case] more: &str,
    #[case] stored: bool,
) {
    let response = headers(&format!("last-modified: Wed, 21 Oct 2015 07:28:00 GMT\n{more}"));
    let status = StatusCode::from_u16(status).unwrap();
    let verdict = |heuristic, response: &HeaderMap| {
        let terms = StoringSettings { heuristic, strict: false };
        let now = Time(1_500_000_000_000);
        matches!(
            storing(status, response, &HeaderMap::new(), terms, Ruled::default(), now),
            Storing::Store(_)
        )
    };
    assert_eq!(verdict(true, &response), stored);
    assert!(!verdict(false, &response));
    assert!(!verdict(true, &headers(more)), "nothing says when it was changed");
}

#[test]
fn must_understand_keeps_what_is_not_understood_out_5_2_2_3() {
    let control = "cache-control: max-age=60, no-store, must-understand";
    assert_eq!(verdict(200, control, ""), None);
    assert_eq!(verdict(599, control, ""), Some(Refusal::Status));
}
