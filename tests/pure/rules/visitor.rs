//! The parts of a visitor's request that rules count in the key.

use edge_isr::policy::key::CacheKey;
use edge_isr::policy::key::part::{self, KeyPart};
use edge_isr::rules::Rules;
use edge_isr::rules::facts::Facts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;
use rstest::rstest;

use super::key;

fn fields(lines: &[(&str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&str, &str)| {
        (name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    lines.iter().map(field).collect()
}

fn keyed(rules: &str, path: &str, lines: &[(&str, &str)]) -> CacheKey {
    let rules = Rules::parse(rules).unwrap();
    rules.key_for(&key(path), &fields(lines)).unwrap_or_else(|| key(path))
}

/// The parts of a key, and the fields that the origin is sent for them.
fn parts(rules: &str, path: &str, lines: &[(&str, &str)]) -> (Vec<String>, HeaderMap) {
    let key = keyed(rules, path, lines);
    let mut sent = fields(lines);
    part::put(key.parts(), &mut sent);
    (key.parts().iter().map(KeyPart::text).collect(), sent)
}

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1";
const IPAD: &str =
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) Version/16.6 Mobile/15E148 Safari/604.1";
const ANDROID_PHONE: &str =
    "Mozilla/5.0 (Linux; Android 10; K) Chrome/126.0.0.0 Mobile Safari/537.36";
const ANDROID_TABLET: &str = "Mozilla/5.0 (Linux; Android 10; K) Chrome/126.0.0.0 Safari/537.36";
const FIREFOX_TABLET: &str = "Mozilla/5.0 (Android 14; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0";
const WINDOWS: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0";

#[rstest]
#[case(IPHONE, None, "mobile")]
#[case(IPAD, None, "tablet")]
#[case(ANDROID_PHONE, None, "mobile")]
#[case(ANDROID_TABLET, None, "tablet")]
#[case(ANDROID_TABLET, Some("?0"), "tablet")]
#[case(FIREFOX_TABLET, None, "tablet")]
#[case(WINDOWS, None, "desktop")]
#[case(WINDOWS, Some("?1"), "mobile")]
#[case("curl/8.7.1", None, "desktop")]
#[case("", None, "desktop")]
fn a_device_is_one_of_three_and_the_origin_is_sent_a_browser_of_its_kind(
    #[case] user_agent: &str,
    #[case] is_mobile: Option<&str>,
    #[case] device: &str,
) {
    let rules = r#"[{"key":{"device":true}}]"#;
    let mut lines = vec![("user-agent", user_agent)];
    lines.extend(is_mobile.map(|said| ("sec-ch-ua-mobile", said)));
    let (key, sent) = parts(rules, "/a", &lines);
    assert_eq!(key, [format!("device={device}")]);
    assert_eq!(sent["cf-device-type"], device);
    assert_eq!(sent["sec-ch-ua-mobile"], if device == "mobile" { "?1" } else { "?0" });
    let browser = sent["user-agent"].to_str().unwrap().to_owned();
    // What the origin is sent is of the same kind, and one text for the kind.
    let (again, sent) = parts(rules, "/a", &[("user-agent", &browser)]);
    assert_eq!((again, sent["user-agent"].to_str().unwrap()), (key, &*browser));
}

#[rstest]
#[case("/de/a", &[("cookie", "lang=fr"), ("accept-language", "en")], "de")]
#[case("/DE/a", &[], "de")]
#[case("/xx/a", &[("cookie", "lang=fr"), ("accept-language", "en")], "fr")]
#[case("/xx/a", &[("cookie", "lang=\"fr\"")], "en")]
#[case("/xx/a", &[("cookie", "lang=es"), ("accept-language", "de-CH")], "de")]
#[case("/xx/a", &[("accept-language", "es, fr;q=0.5, de;q=0.7")], "de")]
#[case("/xx/a", &[("accept-language", "pt")], "pt-BR")]
#[case("/xx/a", &[("accept-language", "pt-PT")], "pt-BR")]
#[case("/xx/a", &[("accept-language", "PT-br")], "pt-BR")]
#[case("/xx/a", &[("accept-language", "*, de;q=0")], "en")]
#[case("/xx/a", &[], "en")]
fn a_language_stands_in_the_path_or_a_cookie_or_what_the_browser_prefers(
    #[case] path: &str,
    #[case] lines: &[(&str, &str)],
    #[case] locale: &str,
) {
    let rules = r#"[{"path":"/{language}/**","key":{"locale":{"list":["en","de","fr","pt-BR"],"path":"language","cookie":"lang"}}}]"#;
    let (key, sent) = parts(rules, path, lines);
    assert_eq!(key, [format!("locale={locale}")]);
    assert_eq!(sent["accept-language"], locale);
    assert_eq!(sent["cookie"], format!("lang={locale}"));
}

#[rstest]
#[case(r#"{"country":true}"#, &[("cf-ipcountry", "CH")], "country=CH", Some(("cf-ipcountry", "CH")))]
#[case(r#"{"country":true}"#, &[("cf-ipcountry", "ch!")], "country=", None)]
#[case(r#"{"country":["DE"]}"#, &[("cf-ipcountry", "CH")], "country=", None)]
#[case(r#"{"country":["DE"]}"#, &[], "country=", None)]
#[case(r#"{"country":true}"#, &[("cf-ipcountry", "DEU")], "country=", None)]
#[case(r#"{"country":true}"#, &[("cf-ipcountry", "T1")], "country=T1", Some(("cf-ipcountry", "T1")))]
#[case(r#"{"headers":{"X-Store":["1","2"]}}"#, &[("x-store", "2")], "header.x-store=2", Some(("x-store", "2")))]
#[case(r#"{"headers":{"x-store":["1","2"]}}"#, &[("x-store", "3")], "header.x-store=", None)]
#[case(r#"{"cookies":{"c":["EUR"]}}"#, &[("cookie", "a=1; c=EUR; c=USD")], "cookie.c=EUR", Some(("cookie", "a=1; c=EUR")))]
#[case(r#"{"cookies":{"c":["EUR"]}}"#, &[("cookie", "c=\"EUR\"")], "cookie.c=", None)]
#[case(r#"{"headers":{"x-store":["1"]}}"#, &[("x-store", "\u{a0}1")], "header.x-store=", None)]
#[case(r#"{"cookies":{"c":["EUR"]}}"#, &[("cookie", "c=USD; c=EUR")], "cookie.c=", None)]
#[case(r#"{"cookies":{"c":["EUR"]}}"#, &[("cookie", "a=1")], "cookie.c=", Some(("cookie", "a=1")))]
#[case(r#"{"prefix":"b"}"#, &[("cookie", "a=1")], "prefix=b", Some(("cookie", "a=1")))]
fn a_value_that_is_not_listed_counts_as_absent_and_is_not_sent_on(
    #[case] said: &str,
    #[case] lines: &[(&str, &str)],
    #[case] part: &str,
    #[case] field: Option<(&str, &str)>,
) {
    let (key, sent) = parts(&format!(r#"[{{"key":{said}}}]"#), "/a", lines);
    assert_eq!(key, [part]);
    let sent: Vec<(&str, &str)> =
        sent.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!(sent, field.into_iter().collect::<Vec<_>>());
}

#[test]
fn each_part_of_a_key_is_of_the_first_rule_that_sets_it() {
    let rules = r#"[
        {"path":"/app/**","key":{"device":false}},
        {"key":{"prefix":"1","country":true}},
        {"key":{"prefix":"2","device":true}}
    ]"#;
    let of = |path| parts(rules, path, &[("cf-ipcountry", "DE")]).0;
    assert_eq!(of("/app/a"), ["prefix=1", "country=DE"]);
    assert_eq!(of("/a"), ["prefix=1", "device=desktop", "country=DE"]);
}

#[test]
fn a_tag_may_name_what_counts() {
    let rules = r#"[
        {"key":{"device":true,"locale":["en","de"],"country":true,"headers":{"x-s":["1"]},"cookies":{"c":["EUR"]}}},
        {"tags":["{device}","l:{locale}","{country}","s:{header.x-s}","c:{cookie.c}"]}
    ]"#;
    let key = keyed(rules, "/a", &[("accept-language", "de"), ("cookie", "c=EUR")]);
    let tags = Rules::parse(rules).unwrap().tags(&key, http::StatusCode::OK, &HeaderMap::new());
    assert_eq!(tags, ["desktop", "l:de", "c:EUR"]);
}

#[rstest]
#[case("plan=a", Some(60))]
#[case("plan=b", None)]
#[case("plan=c", None)]
fn a_rule_may_depend_on_a_cookie_that_counts(#[case] cookie: &str, #[case] ttl: Option<u64>) {
    let rules = r#"[
        {"key":{"cookies":{"plan":["a","b"]}}},
        {"cookie":{"plan":"a"},"cache":"force","ttl":60}
    ]"#;
    let key = keyed(rules, "/a", &[("cookie", cookie)]);
    let ruled = Rules::parse(rules).unwrap().ruled(&key, http::StatusCode::OK, &HeaderMap::new());
    assert_eq!(ruled.forced.and_then(|forced| forced.ttl), ttl);
}

#[rstest]
#[case("/a", "c=1", true)]
#[case("/shop/a", "c=1", true)]
#[case("/shop/a", "", false)]
fn a_cookie_that_does_not_count_for_a_page_saves_no_request_from_a_bypass(
    #[case] path: &str,
    #[case] cookie: &str,
    #[case] bypasses: bool,
) {
    let rules = r#"[
        {"path":"/shop/**","key":{"cookies":{"c":["1"]}}},
        {"cookie":{"c":false},"cache":"force","ttl":60},
        {"cookie":"c","cache":"bypass"}
    ]"#;
    let (fields, key) = (fields(&[("cookie", cookie)]), key(path));
    let request = Facts::of_request(&Method::GET, &key, &fields);
    assert_eq!(Rules::parse(rules).unwrap().bypass(&request).is_some(), bypasses);
    let page = keyed(rules, path, &[("cookie", cookie)]);
    let ruled = Rules::parse(rules).unwrap().ruled(&page, http::StatusCode::OK, &HeaderMap::new());
    assert_eq!(ruled.forced.is_some(), !bypasses, "nor is it stored by such a rule");
}

#[test]
fn a_field_that_the_runtime_could_not_decode_is_sent_as_it_came() {
    let (key, field) = (keyed(ALL, "/a", &[]), "a=\u{fffd}; c=1");
    let value = HeaderValue::from_bytes(field.as_bytes()).unwrap();
    let mut sent = HeaderMap::from_iter([(http::header::COOKIE, value)]);
    part::put(key.parts(), &mut sent);
    assert_eq!(sent["cookie"].as_bytes(), field.as_bytes());
}

const ALL: &str = r#"[{"key":{
    "device":true, "locale":{"list":["en","de"],"cookie":"l"}, "country":["DE","FR"],
    "headers":{"x-a":["1","2"],"x-b":["1"]}, "cookies":{"c":["1","2"],"d":["1"]}
}}]"#;

fn visitor() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let cookie = "([cdl]=([123]|de|en|x)?; ?){0,3}[cdls]=[12]";
    (
        prop::option::of("(en|de|fr)(;q=0\\.[1-9])?"),
        prop::option::of("[12]{1,2}"),
        prop::option::of("[12]"),
        prop::option::of(cookie),
        prop::option::of("DE|FR|US"),
        prop::option::of("iPad|Mobile|x"),
    )
        .prop_map(|(language, a, b, cookie, country, agent)| {
            let names = ["accept-language", "x-a", "x-b", "cookie", "cf-ipcountry", "user-agent"];
            let values = [language, a, b, cookie, country, agent];
            names.into_iter().zip(values).filter_map(|(name, value)| Some((name, value?))).collect()
        })
}

/// The fields that the origin is sent of a visitor, apart from cookies that do not count.
fn sent_for_key(visitor: &[(&'static str, String)]) -> (CacheKey, Vec<(String, String)>) {
    let lines: Vec<(&str, &str)> = visitor.iter().map(|(name, said)| (*name, &**said)).collect();
    let key = keyed(ALL, "/a", &lines);
    let mut plain = HeaderMap::new();
    part::put(key.parts(), &mut plain);
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    let mut sent: Vec<(String, String)> =
        plain.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    sent.sort();
    (key, sent)
}

proptest! {
    /// Two requests that the origin could answer differently by something in the key never share
    /// one: they share a place in the cache if and only if the origin is sent the same.
    #[test]
    fn two_visitors_share_a_key_only_if_the_origin_is_sent_the_same(one in visitor(), other in visitor()) {
        let ((one, sent_for_one), (other, sent_for_other)) = (sent_for_key(&one), sent_for_key(&other));
        prop_assert_eq!(one.slot() == other.slot(), sent_for_one == sent_for_other);
        prop_assert_eq!(one.page() == other.page(), sent_for_one == sent_for_other);
        prop_assert_eq!(one.url(), other.url());
    }

    /// What is sent to the origin makes the same key again.
    #[test]
    fn the_key_of_what_is_sent_is_the_same_key(visitor in visitor()) {
        let (key, sent) = sent_for_key(&visitor);
        let lines: Vec<(&str, &str)> = sent.iter().map(|(name, said)| (&**name, &**said)).collect();
        prop_assert_eq!(keyed(ALL, "/a", &lines), key);
    }

    /// No cookie that does not count is lost on the way to the origin, nor a byte of it changed.
    #[test]
    fn other_cookies_stay_as_they_are(cookie in "[^\u{0}-\u{1f};,\u{7f}\u{fffd}]{0,20}") {
        let key = keyed(ALL, "/a", &[]);
        let field = format!("s={cookie}");
        let Ok(value) = HeaderValue::from_bytes(field.as_bytes()) else { return Ok(()) };
        let mut sent = HeaderMap::from_iter([(http::header::COOKIE, value)]);
        part::put(key.parts(), &mut sent);
        let sent = sent["cookie"].as_bytes();
        let kept = field.trim_matches([' ', '\t']).as_bytes();
        prop_assert!(sent.starts_with(kept), "{:?}", sent);
        prop_assert_eq!(&sent[kept.len()..], b"; l=en".as_slice());
    }
}
