//! The rules of `RULES`: where each holds, and what they say together.

mod glob;
mod key;
mod path;
mod presets;
mod read;
mod template;
mod visitor;

use edge_isr::config;
use edge_isr::policy::bypass::Bypass;
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::storing::ruled::{Forced, Ruled, SetAside};
use edge_isr::rules::Rules;
use edge_isr::rules::facts::Facts;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use rstest::rstest;

const YEAR: u64 = 31_536_000;

fn rules(text: &str) -> Rules {
    Rules::parse(text).unwrap()
}

fn key(path: &str) -> CacheKey {
    CacheKey::parse(&format!("https://a.test{path}")).unwrap()
}

fn fields(lines: &[(&str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&str, &str)| {
        (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())
    };
    lines.iter().map(field).collect()
}

fn bypasses(rules: &str, path: &str, lines: &[(&str, &str)]) -> bool {
    let (key, fields) = (key(path), fields(lines));
    self::rules(rules).bypass(&Facts::of_request(&Method::GET, &key, &fields)).is_some()
}

fn ruled(rules: &str, path: &str, status: u16, lines: &[(&str, &str)]) -> Ruled {
    let status = StatusCode::from_u16(status).unwrap();
    self::rules(rules).ruled(&key(path), status, &fields(lines))
}

fn ttl(rules: &str, path: &str, status: u16) -> Option<u64> {
    ruled(rules, path, status, &[]).forced.and_then(|forced| forced.ttl)
}

#[rstest]
#[case("/account/**", "/account/me")]
#[case("/account/**", "//account/me")]
#[case("/account/**", "/account%2fme")]
#[case("/account/**", "/account%5Cme")]
#[case("/account/**", "/%61ccount/me")]
#[case("/account/**", "/x/..%2faccount/me")]
#[case("/account/**", "/x/%2e%2e/account/me")]
#[case("/account/**", "/x/..;/account/me")]
#[case("/account/**", "/account;v=1/me")]
#[case("/account/**", "/account")]
#[case("/account/**", "/account/")]
#[case("/account", "/account/")]
#[case("/account/**", "/x/..;a%2Fb/account/me")]
#[case("/account/me", "/account;a%2Fb/me")]
#[case("/caf\u{e9}/*", "/caf%C3%A9/me")]
#[case("/caf\u{e9}/*", "//caf%c3%a9/me")]
fn a_bypass_holds_in_any_reading_of_a_path(#[case] glob: &str, #[case] path: &str) {
    let rules = format!(r#"[{{"path":"{glob}","cache":"bypass"}}]"#);
    assert!(bypasses(&rules, path, &[]), "{path}");
}

#[rstest]
#[case("/accounts/me")]
#[case("/x/account/me")]
#[case("/accoun%2574/me")]
fn a_bypass_holds_for_no_other_path(#[case] path: &str) {
    assert!(!bypasses(r#"[{"path":"/account/*","cache":"bypass"}]"#, path, &[]), "{path}");
}

#[rstest]
#[case(r#""cookie":"basket""#, &[("cookie", "a=1; basket=2")], true)]
#[case(r#""cookie":"basket""#, &[("cookie", "a=basket; baskets=1")], false)]
#[case(r#""cookie":"basket""#, &[("cookie", "xbasket=1")], false)]
#[case(r#""cookie":"basket""#, &[], false)]
#[case(r#""cookie":"wp_*""#, &[("cookie", "x=1; wp_2=")], true)]
#[case(r#""cookie":["a","b"]"#, &[("cookie", "b=1")], true)]
#[case(r#""cookie":{"a":true,"b":true}"#, &[("cookie", "b=1")], false)]
#[case(r#""cookie":{"a":true,"b":true}"#, &[("cookie", "b=1;a=2")], true)]
#[case(r#""cookie":{"a":false}"#, &[("cookie", "b=1")], true)]
#[case(r#""cookie":{"a":false}"#, &[("cookie", "a=1")], false)]
#[case(r#""cookie":{"a":"e*r"}"#, &[("cookie", "a=eur")], true)]
#[case(r#""cookie":{"a":"e*r"}"#, &[("cookie", "a=usd")], false)]
#[case(r#""header":"X-Preview""#, &[("x-preview", "")], true)]
#[case(r#""header":{"x-preview":"1"}"#, &[("x-preview", "2")], false)]
#[case(r#""header":{"x-preview":false}"#, &[], true)]
#[case(r#""query":"preview""#, &[], true)]
#[case(r#""query":{"preview":"yes"}"#, &[], true)]
#[case(r#""query":{"preview":"no"}"#, &[], false)]
#[case(r#""query":{"q x":"\u00e9"}"#, &[], true)]
#[case(r#""query":"absent""#, &[], false)]
#[case(r#""host":"A.test""#, &[], true)]
#[case(r#""host":"*.test""#, &[], true)]
#[case(r#""host":["b.test","c.test"]"#, &[], false)]
#[case(r#""method":["GET","HEAD"]"#, &[], true)]
#[case(r#""method":"HEAD""#, &[], false)]
#[case(r#""only_if":{"cookie":"a","host":"a.test"}"#, &[("cookie", "a=1")], true)]
#[case(r#""only_if":{"cookie":"a","host":"b.test"}"#, &[("cookie", "a=1")], false)]
#[case(r#""unless":{"cookie":"a"}"#, &[("cookie", "a=1")], false)]
#[case(r#""unless":{"cookie":"a"}"#, &[], true)]
#[case(r#""unless":[{"cookie":"a"},{"cookie":"b"}]"#, &[("cookie", "b=1")], false)]
#[case(r#""unless":[{"cookie":"a","host":"b.test"}]"#, &[("cookie", "a=1")], true)]
fn a_bypass_holds_where_its_conditions_hold(
    #[case] conditions: &str,
    #[case] fields: &[(&str, &str)],
    #[case] holds: bool,
) {
    let rules = format!(r#"[{{{conditions},"cache":"bypass"}}]"#);
    assert_eq!(bypasses(&rules, "/x?preview=yes&q+x=%C3%A9", fields), holds);
}

#[test]
fn an_exception_from_a_bypass_holds_for_the_path_as_it_is_alone() {
    let rules = r#"[{"unless":{"path":"/open/**"},"cache":"bypass"}]"#;
    assert!(!bypasses(rules, "/open/x", &[]));
    for path in ["/open%2fx", "//open/x", "/shut"] {
        assert!(bypasses(rules, path, &[]), "{path}");
    }
}

#[test]
fn an_exception_from_storing_holds_in_any_reading_of_the_path() {
    let rules = r#"[{"unless":{"path":"/account/**"},"cache":"forever"}]"#;
    assert_eq!(ttl(rules, "/blog", 200), Some(YEAR));
    for path in ["/account/me", "/account%2fme", "//account/me", "/account"] {
        assert_eq!(ttl(rules, path, 200), None, "{path}");
    }
}

#[test]
fn the_first_rule_that_decides_about_the_cache_wins() {
    let rules = r#"[{"path":"/shop/open/**","cache":"force","ttl":9},{"path":"/shop/**","cache":"bypass"}]"#;
    assert!(!bypasses(rules, "/shop/open/x", &[]));
    assert!(bypasses(rules, "/shop/x", &[]));
    assert!(bypasses(rules, "/shop/open%2fx", &[]), "an origin may read it as another path");
}

#[rstest]
#[case("/api/public/x", false)]
#[case("/api/public/caf%C3%A9/", false)]
#[case("/api/public/..%2Fsecret", true)]
#[case("/api/public/..;/secret", true)]
fn an_exception_from_a_bypass_holds_only_if_every_reading_of_the_path_is_its_own(
    #[case] path: &str,
    #[case] holds: bool,
) {
    let rules = r#"[{"path":"/api/**","unless":{"path":"/api/public/**"},"cache":"bypass"}]"#;
    assert_eq!(bypasses(rules, path, &[]), holds);
}

#[rstest]
#[case("/blog/cafe/")]
#[case("/blog/caf%C3%A9/")]
#[case("/blog/caf%c3%a9/")]
fn an_allowed_page_is_cached_however_its_letters_are_encoded(#[case] path: &str) {
    let rules =
        r#"[{"path":"/blog/{slug}/","cache":"force","ttl":9},{"path":"/**","cache":"bypass"}]"#;
    assert!(!bypasses(rules, path, &[]), "{path}");
}

#[rstest]
#[case("/account/", true)]
#[case("/account/?page", true)]
#[case("/account/?sort=1", false)]
fn a_parameter_that_does_not_count_saves_no_request_from_a_bypass(
    #[case] path: &str,
    #[case] holds: bool,
) {
    let rules = r#"[
        {"query":["page","sort"],"cache":"force","ttl":60},
        {"path":"/account/**","cache":"bypass"},
        {"key":{"query":["sort"]}}
    ]"#;
    assert_eq!(bypasses(rules, path, &[]), holds);
}

#[rstest]
#[case("/?preview=1")]
#[case("/?+preview=1")]
#[case("/?%20preview=1")]
#[case("/?preview[]=1")]
#[case("/?preview%5Ba%5D=1")]
fn a_bypass_by_a_parameter_holds_as_php_reads_it(#[case] path: &str) {
    assert!(bypasses(r#"[{"query":"preview","cache":"bypass"}]"#, path, &[]), "{path}");
}

#[rstest]
#[case("/?wc.api=1")]
#[case("/?wc+api=1")]
#[case("/?wc[api=1")]
#[case("/?wc.api[]=1")]
fn a_bypass_by_a_parameter_holds_where_php_reads_an_underscore(#[case] path: &str) {
    assert!(bypasses(r#"[{"query":"wc_api","cache":"bypass"}]"#, path, &[]), "{path}");
}

#[test]
fn an_earlier_rule_goes_before_a_bypass_only_if_every_reading_of_the_path_is_its_own() {
    let rules =
        r#"[{"path":"/open/**","cache":"forever"},{"path":"/**","cookie":"x","cache":"bypass"}]"#;
    let bypasses = |path| bypasses(rules, path, &[("cookie", "x=1")]);
    for path in ["/open/a", "/open/caf%C3%A9", "/open/a/", "/open/a%20b"] {
        assert!(!bypasses(path), "{path}");
    }
    for path in ["/open/..%2faccount", "/open/..;/account", "//open/a", "/open%2fa"] {
        assert!(bypasses(path), "{path}");
    }
}

#[rstest]
#[case("https://shop.test:8443/a", true)]
#[case("https://shop.test./a", true)]
#[case("https://ashop.test/a", false)]
fn a_bypass_of_a_host_holds_with_a_port_and_a_closing_dot(#[case] url: &str, #[case] holds: bool) {
    let rules = rules(r#"[{"host":"shop.test","cache":"bypass"}]"#);
    let (key, fields) = (CacheKey::parse(url).unwrap(), HeaderMap::new());
    assert_eq!(rules.bypass(&Facts::of_request(&Method::GET, &key, &fields)).is_some(), holds);
}

#[rstest]
#[case(r#""status":404"#)]
#[case(r#""content_type":"text/html""#)]
#[case(r#""unless":{"status":404}"#)]
#[case(r#""only_if":{"status":404}"#)]
fn a_rule_for_some_responses_does_not_stop_a_later_bypass(#[case] condition: &str) {
    let rules = format!(r#"[{{{condition},"cache":"forever"}},{{"path":"/a","cache":"bypass"}}]"#);
    assert!(bypasses(&rules, "/a", &[]));
}

#[rstest]
#[case(Method::GET, r#""GET""#, true)]
#[case(Method::HEAD, r#""GET""#, true)]
#[case(Method::HEAD, r#"["HEAD"]"#, true)]
#[case(Method::GET, r#"["HEAD"]"#, false)]
#[case(Method::POST, r#""GET""#, false)]
fn a_rule_for_get_is_one_for_head_too(
    #[case] method: Method,
    #[case] methods: &str,
    #[case] holds: bool,
) {
    let rules = rules(&format!(r#"[{{"method":{methods},"cache":"bypass"}}]"#));
    let (key, fields) = (key("/a"), HeaderMap::new());
    assert_eq!(rules.bypass(&Facts::of_request(&method, &key, &fields)).is_some(), holds);
}

#[test]
fn for_each_effect_the_first_rule_that_sets_it_wins() {
    let rules = r#"[
        {"path":"/a","ttl":1,"override":"private"},
        {"path":"/a","cache":"force","ttl":2,"stale_if_error":3},
        {"path":"/**","cache":"forever","stale_while_revalidate":4,"stale_if_error":5,"browser_ttl":6}
    ]"#;
    let set_aside = SetAside { private: true, ..SetAside::default() };
    let wanted = Ruled {
        forced: Some(Forced { ttl: Some(1), set_aside }),
        stale_while_revalidate: Some(4),
        stale_if_error: Some(3),
        browser_ttl: Some(6),
        of_old_build: None,
    };
    assert_eq!(ruled(rules, "/a", 200, &[]), wanted);
}

#[rstest]
#[case(200, Some(600))]
#[case(301, Some(600))]
#[case(308, Some(600))]
#[case(302, None)]
#[case(404, Some(60))]
#[case(410, Some(7))]
#[case(403, None)]
#[case(401, None)]
#[case(500, None)]
fn a_rule_stores_few_statuses_and_those_of_status_ttl(
    #[case] status: u16,
    #[case] wanted: Option<u64>,
) {
    let rules = r#"[{"cache":"force","ttl":600,"status_ttl":{"404":60,"4xx":7}}]"#;
    assert_eq!(ttl(rules, "/a", status), wanted);
}

#[test]
fn forever_sets_the_lifetime_of_the_origin_aside_and_tells_browsers_none() {
    let said = [("cache-control", "max-age=9")];
    let ruled = ruled(r#"[{"cache":"forever"}]"#, "/a", 200, &said);
    let (forced, browser_ttl) = (ruled.forced, ruled.told_to_browsers(&fields(&said)));
    let set_aside = SetAside { lifetime: true, ..SetAside::default() };
    assert_eq!(forced, Some(Forced { ttl: Some(YEAR), set_aside }));
    assert_eq!(browser_ttl, Some(0));
}

#[rstest]
#[case("text/html; charset=utf-8", true)]
#[case("Text/HTML", true)]
#[case("text/plain", false)]
fn a_rule_may_hold_for_a_media_type(#[case] content_type: &str, #[case] holds: bool) {
    let rules = r#"[{"content_type":"text/html","cache":"forever"}]"#;
    let ruled = ruled(rules, "/a", 200, &[("content-type", content_type)]);
    assert_eq!(ruled.forced.is_some(), holds);
}

#[test]
fn tags_of_all_rules_add_up_for_the_path_as_it_is_and_its_normal_form() {
    let rules = rules(r#"[{"path":"/blog/*","tags":["blog"]},{"path":"/**","tags":["all"]}]"#);
    let tags = |path| rules.tags(&key(path), StatusCode::OK, &HeaderMap::new());
    assert_eq!(tags("/blog/a"), ["blog", "all"]);
    assert_eq!(tags("/bl%6Fg/a"), ["blog", "all"]);
    for path in ["//blog/a", "/blog%2fa", "/blog"] {
        assert_eq!(tags(path), ["all"], "{path}");
    }
}

#[test]
fn the_plain_request_goes_first_where_a_rule_says_so() {
    let rules = rules(r#"[{"path":"/a","plain":false},{"path":"/*","plain":true}]"#);
    assert_eq!(
        ["/a", "/b", "/b/c"].map(|path| rules.plain_first(&key(path))),
        [false, true, false]
    );
}

#[test]
fn rules_stand_in_the_setting_or_are_built_in_and_not_both() {
    let list = Some(r#"[{"cache":"forever"}]"#);
    let number = |setting: Option<&str>, built_in| {
        let raw = |name: &str| setting.filter(|_| name == "RULES").map(str::to_owned);
        config::rules(&raw, built_in).map(|rules| rules.list().len())
    };
    assert_eq!(number(None, None), Ok(0));
    assert_eq!(number(list, None), Ok(1));
    assert_eq!(number(None, list), Ok(1));
    assert!(number(list, list).unwrap_err().reason.contains("remove one of the two lists"));
}

#[test]
fn rules_that_cannot_be_used_spoil_no_other_setting_and_bypass_the_cache() {
    let config = crate::config::read(&[("RULES", "[{}]"), ("SKEW", "7")]).unwrap();
    assert_eq!(
        config.rules.unwrap_err().to_string(),
        "the setting RULES cannot be used, so no page is cached: rule 1 has no effect: set cache, ttl, \
         tags or another effect"
    );
    assert_eq!(Bypass::RulesInvalid.detail().as_str(), "rules-invalid");
}

#[test]
fn an_exception_for_gets_does_not_save_other_requests_from_a_bypass() {
    let rules = rules(r#"[{"method":"GET","tags":["a"],"cache":"origin"},{"cache":"bypass"}]"#);
    let (key, fields) = (key("/a"), HeaderMap::new());
    let bypassed = |method| rules.bypass(&Facts::of_request(&method, &key, &fields));
    assert_eq!((bypassed(Method::GET), bypassed(Method::POST)), (None, Some(1)));
}

#[rstest]
#[case(r#"[{"request_headers":{"x-a":"1"}}]"#, Some("1"), None)]
#[case(r#"[{"response_headers":{"x-a":"1"}}]"#, None, Some("1"))]
#[case(
    r#"[{"path":"/b","request_headers":{"x-a":"1"},"response_headers":{"x-a":"1"}}]"#,
    None,
    None
)]
fn header_fields_are_changed_where_the_rule_holds(
    #[case] list: &str,
    #[case] asked: Option<&str>,
    #[case] answered: Option<&str>,
) {
    let (rules, key) = (rules(list), key("/a"));
    let [mut request, mut response] = [HeaderMap::new(), HeaderMap::new()];
    rules.change_request(&key, &mut request);
    rules.change_response(&key, StatusCode::OK, &mut response);
    let value =
        |fields: &HeaderMap| fields.get("x-a").map(|value| value.to_str().unwrap().to_owned());
    assert_eq!((value(&request).as_deref(), value(&response).as_deref()), (asked, answered));
}
