use std::rc::Rc;

use edge_isr::fields::request::{FIELD_MOST, RequestFields};
use edge_isr::page::keyed_fields::KeyedFields;
use edge_isr::policy::key::part::{KeyPart, PartKind};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use rstest::rstest;

/// The fields of a visitor, with the language and the currency of the key in the place of what was sent.
fn keyed(lines: &[(&str, &str)]) -> KeyedFields {
    let part = |kind, name: &str, value: &str| KeyPart {
        kind,
        name: name.to_owned(),
        value: Some(value.to_owned()),
    };
    let parts = [part(PartKind::Locale, "", "de"), part(PartKind::Cookie, "currency", "EUR")];
    KeyedFields::new(Rc::new(sent(lines)), &parts)
}

fn sent(lines: &[(&str, &str)]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for (name, value) in lines {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        fields.append(name.parse::<HeaderName>().unwrap(), value);
    }
    fields
}

#[rstest]
#[case::of_the_key("accept-language", Some("de"))]
#[case::a_cookie_of_the_key_beside_others("cookie", Some("a=1; currency=EUR"))]
#[case::of_the_visitor("x-own", Some("own"))]
#[case::that_is_absent("x-absent", None)]
fn a_field_is_shown(#[case] name: &str, #[case] shown: Option<&str>) {
    let lines = [("accept-language", "fr"), ("cookie", "a=1; currency=XXX"), ("x-own", "own")];
    let fields = keyed(&lines);
    assert_eq!(fields.raw(name).as_deref(), shown);
    assert_eq!(fields.value(name).as_deref(), shown);
    assert_eq!(fields.all().get(name).map(|value| value.to_str().unwrap()), shown);
}

#[test]
fn names_of_the_key_are_not_among_the_visitors_own() {
    let fields = keyed(&[("accept-language", "fr"), ("cookie", "a=1"), ("x-own", "own")]);
    assert!(fields.any_name(&|name| name == "x-own"));
    assert!(!fields.any_name(&|name| name == "accept-language" || name == "cookie"));
}

#[test]
fn a_field_of_the_key_is_comparable_however_long_the_visitors_is() {
    let long = "x".repeat(FIELD_MOST + 1);
    let fields = keyed(&[("accept-language", &long), ("x-own", &long), ("cookie", "a=1")]);
    assert_eq!(fields.value("accept-language").as_deref(), Some("de"));
    assert!(!fields.is_oversized("accept-language") && !fields.is_incomparable("accept-language"));
    assert!(fields.is_oversized("x-own") && fields.is_incomparable("x-own"));
    assert!(!fields.is_oversized("cookie") && !fields.is_incomparable("cookie"));
    assert!(!fields.is_oversized("x-absent") && !fields.is_incomparable("x-absent"));
}

#[test]
fn cookies_are_comparable_as_far_as_the_visitors_are() {
    let long = format!("a={}", "x".repeat(FIELD_MOST));
    assert!(keyed(&[("cookie", &long)]).is_oversized("cookie"));
    assert!(keyed(&[("cookie", "a=é")]).is_incomparable("cookie"));
    // What the key adds makes no field too long.
    let nearly = format!("a={}", "x".repeat(FIELD_MOST - 4));
    assert!(!keyed(&[("cookie", &nearly)]).is_oversized("cookie"));
}

#[test]
fn the_content_codings_are_the_visitors() {
    let fields = keyed(&[("accept-encoding", "br")]);
    assert_eq!(fields.accepted_encoding().as_deref(), Some("br"));
}
