use std::rc::Rc;
use std::time::Duration;

use edge_isr::policy::fence::Provenance;
use edge_isr::policy::freshness::Lifetimes;
use edge_isr::policy::stored::{
    BodyAt, GraphMarks, Pass, PassMarker, PassingFirst, Stored, StoredResponse, Variant,
};
use edge_isr::policy::storing::Refusal;
use edge_isr::policy::tag::Tag;
use edge_isr::policy::time::Time;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use proptest::prelude::*;

use crate::headers;

fn response(headers: HeaderMap) -> StoredResponse {
    StoredResponse {
        for_all: true,
        by_rule: false,
        stripped: Vec::new(),
        build: None,
        browser_ttl: None,
        status: StatusCode::NOT_FOUND,
        headers,
        provenance: Provenance {
            fetched_at: Time(2_000),
            known: vec!["id".to_owned()],
            journal: None,
        },
        born_at: Time(1_000),
        lifetimes: Lifetimes {
            fresh: 60,
            stale_while_revalidate: Some(30),
            ..Lifetimes::default()
        },
        tags: vec![Tag::origin("a").unwrap()],
        variant: Variant { selecting: vec![("accept".to_owned(), "=x".to_owned())], era: Time(0) },
        graph: GraphMarks {
            confirmed_at: Some(Time(5)),
            checked_at: Some(Time(4)),
            former_tags: vec![Tag::origin("former").unwrap()],
        },
        body: BodyAt::Apart("body 1".to_owned()),
    }
}

#[test]
fn metadata_is_read_back_in_order_with_repeated_lines() {
    let stored =
        Stored::Response(Rc::new(response(headers("b: 1\na: 2\na: 3\nlink: <x>; rel=\"y\""))));
    assert_eq!(Stored::of_text(&stored.to_text()), Some(stored));
    let marker = Stored::Pass(PassMarker {
        fetched_at: Time(1),
        until: Time(2),
        pass: Pass { reason: Refusal::SetCookie, plain: true },
        first: Some(PassingFirst {
            variant: Variant {
                selecting: vec![("accept-language".into(), "=de".into())],
                era: Time(3),
            },
            kept_until: Time(4),
        }),
    });
    assert_eq!(Stored::of_text(&marker.to_text()), Some(marker));
}

#[test]
fn each_reason_of_a_mark_is_read_as_it_was_written() {
    for reason in Refusal::ALL {
        let marker = Stored::Pass(PassMarker {
            fetched_at: Time(1),
            until: Time(2),
            pass: Pass { reason, plain: false },
            first: None,
        });
        assert_eq!(Stored::of_text(&marker.to_text()), Some(marker));
    }
}

#[test]
fn what_another_version_wrote_reads_as_absent() {
    let text = Stored::Response(Rc::new(response(HeaderMap::new()))).to_text();
    assert!(text.contains("\"v\":3"));
    assert_eq!(Stored::of_text(&text.replace("\"v\":3", "\"v\":2")), None);
    for text in ["", "{}", "null", "{\"v\":3}", "{\"v\":2,\"pass\":{}}", "garbage"] {
        assert_eq!(Stored::of_text(text), None, "{text}");
    }
}

#[test]
fn a_response_is_kept_to_the_end_of_its_last_window_and_longer_if_it_can_be_revalidated() {
    let kept = |lines: &str, granted: u64| {
        let granted = Duration::from_secs(granted);
        response(headers(lines))
            .kept_for(granted, Duration::from_secs(1_000_000), Time(11_000))
            .as_secs()
    };
    assert_eq!(kept("x: y", 0), 60 + 30 - 10);
    assert_eq!(kept("x: y", 100), 60 + 100 - 10);
    assert_eq!(kept("etag: \"1\"", 0), 60 + 30 - 10 + 86_400);
    let most = response(headers("etag: \"1\"")).kept_for(
        Duration::ZERO,
        Duration::from_secs(20),
        Time(11_000),
    );
    assert_eq!(most.as_secs(), 20 + 1 - 10);
}

#[test]
fn a_body_is_reused_for_the_same_version_only() {
    let tagged = response(headers("etag: \"1\""));
    let mut freshened = tagged.clone();
    freshened.provenance.fetched_at = Time(9_000);
    assert!(freshened.has_body_of(&tagged));
    let mut other = freshened.clone();
    other.headers = headers("etag: \"2\"");
    assert!(!other.has_body_of(&tagged));
    let untagged = response(HeaderMap::new());
    let mut later = untagged.clone();
    later.provenance.fetched_at = Time(9_000);
    assert!(untagged.has_body_of(&untagged.clone()) && !later.has_body_of(&untagged));
}

proptest! {
    #[test]
    fn any_field_value_of_utf_8_survives(value in "[^\\p{Cc}]{0,40}") {
        let mut headers = HeaderMap::new();
        let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) else { return Ok(()) };
        headers.insert(HeaderName::from_static("x"), value);
        let stored = Stored::Response(Rc::new(response(headers)));
        prop_assert_eq!(Stored::of_text(&stored.to_text()), Some(stored));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text: String) {
        let _ = Stored::of_text(&text);
    }
}

#[test]
fn what_says_nothing_of_the_graph_is_not_written() {
    let mut plain = response(HeaderMap::new());
    let has_graph = |response: &StoredResponse| {
        Stored::Response(Rc::new(response.clone())).to_text().contains("former_tags")
    };
    assert!(has_graph(&plain));
    plain.graph = GraphMarks::default();
    let text: serde_json::Value =
        serde_json::from_str(&Stored::Response(Rc::new(plain)).to_text()).unwrap();
    assert!(text["response"].get("graph").is_none(), "{text}");
}

fn marker(plain: bool, first: bool) -> Stored {
    let first = first.then(|| PassingFirst { variant: Variant::default(), kept_until: Time(4) });
    let pass = Pass { reason: Refusal::SetCookie, plain };
    Stored::Pass(PassMarker { fetched_at: Time(1), until: Time(2), pass, first })
}

#[test]
fn what_is_stored_for_all_stays_where_a_visitors_own_request_brings_back_a_refusal() {
    let stored = Stored::Response(Rc::new(response(HeaderMap::new())));
    assert!(stored.outranks(&marker(false, false)));
    assert!(!stored.outranks(&marker(true, false)), "a plain request speaks for all");
    assert!(!stored.outranks(&stored.clone()));
    assert!(!marker(true, true).outranks(&stored));
}

#[rstest::rstest]
#[case::the_way_to_other_variants_stays(true, (false, false), true)]
#[case::a_plain_request_speaks_for_all(true, (true, false), false)]
#[case::of_two_ways_the_later(true, (false, true), false)]
#[case::without_other_variants_nothing_is_lost(false, (false, false), false)]
fn a_marker_beside_a_marker(
    #[case] has_first: bool,
    #[case] (plain, first): (bool, bool),
    #[case] stays: bool,
) {
    for current in [marker(true, has_first), marker(false, has_first)] {
        assert_eq!(current.outranks(&marker(plain, first)), stays);
    }
}

#[test]
fn what_was_emptied_meanwhile_leads_to_no_variant_that_was_there_before() {
    assert_eq!(marker(true, true).in_new_era(), marker(true, false));
    let Stored::Response(stored) =
        Stored::Response(Rc::new(response(HeaderMap::new()))).in_new_era()
    else {
        panic!("a response")
    };
    assert_eq!(stored.variant.era, stored.provenance.fetched_at);
}
