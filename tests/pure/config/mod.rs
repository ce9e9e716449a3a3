mod names;
mod plain;
mod secret;

use std::collections::BTreeMap;

use edge_isr::config::{
    Config, ConfigError, Invalidation, LogSettings, VariantSettings, VisitorWriteLimits,
};
use rstest::rstest;

pub fn read(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let settings: BTreeMap<&str, &str> = settings.iter().copied().collect();
    Config::read(&|name| settings.get(name).map(|value| value.to_string()))
}

#[rstest]
#[case("ORIGIN", "example.com")]
#[case("ORIGIN", "ftp://example.com")]
#[case("ORIGIN", "https://example.com/path")]
#[case("ORIGIN", "https://example.com?x")]
#[case("ORIGIN", "https://")]
#[case("ORIGIN", "https://exa mple.com")]
#[case("ORIGIN", "https://example.com:99999")]
#[case("ORIGIN", "https://user@example.com")]
#[case("MEMORY_WINDOW", "soon")]
#[case("MEMORY_WINDOW", "-1")]
#[case("MEMORY_WINDOW", "1.5")]
#[case("ORIGIN_TIMEOUT", "0")]
#[case("ORIGIN_TIMEOUT", "30")]
#[case("MAX_LIFE", "31536001")]
#[case("PURGE_ITEMS_MAX", "0")]
#[case("COORDINATOR_SHARDS", "0")]
#[case("COORDINATOR_SHARDS", "257")]
#[case("RECEIPT_LIFE", "1")]
#[case("RECEIPT_LIFE", "59")]
#[case("RECEIPT_LIFE", "-60")]
#[case("RECEIPT_LIFE", "31536001")]
#[case("KEEP_TAG_HEADERS", "yes")]
#[case("CONTROL_PREFIX", "edge")]
#[case("CONTROL_PREFIX", "/edge/")]
#[case("CONTROL_PREFIX", "/")]
#[case("CONTROL_PREFIX", "/.")]
#[case("CONTROL_PREFIX", "/edge/../isr")]
#[case("CONTROL_PREFIX", "/edge/./isr")]
#[case("CONTROL_PREFIX", "/edge//isr")]
#[case("CONTROL_PREFIX", "//edge")]
#[case("CONTROL_PREFIX", "/edge%2Disr")]
#[case("HOSTS", "https://example.com")]
#[case("HOSTS", r#""example.com""#)]
#[case("HOSTS", r#"["example.com", 1]"#)]
#[case("INVALIDATION", "none")]
#[case("VISITOR_WRITES_PER_DAY", "1000000001")]
#[case("VARIANTS_MAX", "0")]
#[case("VARIANTS_MAX", "10001")]
#[case("VARIANT_AFTER", "0")]
#[case("VARIANT_AFTER", "11")]
#[case("COOKIE_VARIANTS", "1")]
#[case("KEEP_SHARED_DIRECTIVES", "on")]
#[case("LOG", "yes")]
#[case("USER_AGENT", "edge\u{7f}")]
#[case("USER_AGENT", "bücher")]
#[case("USER_AGENT", "a\tb")]
fn a_setting_that_cannot_be_used_is_named(#[case] name: &str, #[case] value: &str) {
    let error = read(&[(name, value)]).unwrap_err();
    assert_eq!(error.setting, name);
    assert!(error.to_string().starts_with(&format!("the setting {name} ")), "{error}");
}

#[rstest]
#[case("https://example.com", "https", "example.com")]
#[case("https://Example.com:443/", "https", "example.com")]
#[case("http://127.0.0.1:9000", "http", "127.0.0.1:9000")]
#[case("http://[::1]:9000", "http", "[::1]:9000")]
fn an_origin_is_a_scheme_and_a_host(#[case] value: &str, #[case] scheme: &str, #[case] host: &str) {
    let origin = read(&[("ORIGIN", value)]).unwrap().origin.unwrap();
    assert_eq!((origin.scheme.as_str(), origin.host.as_str()), (scheme, host));
}

#[rstest]
#[case("0", 0)]
#[case("60", 60)]
#[case("31536000", 31_536_000)]
fn a_receipt_is_kept_for_a_minute_at_least_or_not_at_all(#[case] text: &str, #[case] life: u64) {
    assert_eq!(read(&[("RECEIPT_LIFE", text)]).unwrap().receipt_life.as_secs(), life);
}

#[test]
fn nothing_is_needed() {
    let config = read(&[]).unwrap();
    assert!(config.origin.is_none() && config.serves("any.host"));
    assert_eq!(config.memory_window.as_secs(), 10);
    assert_eq!(config.skew.as_secs(), 5);
    assert_eq!(config.origin_timeout.as_secs(), 20);
    assert_eq!(config.purge_items_max, 500);
    assert_eq!(config.receipt_life.as_secs(), 86_400);
    assert!(config.login_cookies.matches("sessionid") && !config.login_cookies.matches("_ga"));
    assert!(config.ignore_cookies.matches("_ga") && !config.ignore_cookies.matches("sessionid"));
    assert!(config.plain.user_agent.to_str().unwrap().starts_with("edge-isr/"));
    assert!(config.plain.origin_headers.is_empty());
    assert_eq!(
        config.plain.forward_headers,
        edge_isr::policy::refresh::plain::ForwardHeaders::These(Vec::new())
    );
    assert_eq!(config.variants, VariantSettings { by_cookie: false, most: 64, after: 2 });
    assert_eq!(config.visitor_writes, VisitorWriteLimits { per_minute: 60, per_day: 500 });
    assert_eq!(config.invalidation, Invalidation::Groups);
    assert!(!config.keep_shared_directives && config.log == LogSettings::default());
    assert!(config.cache_secret.is_none());
}

const TOKENS: [&str; 3] = ["the-first-of-three", "the-second-of-three", "the-third-of-three"];

#[rstest]
#[case("A.example, b.example:8443", "the-first-of-three the-second-of-three,the-third-of-three")]
#[case(
    r#"["A.example", "b.example:8443"]"#,
    r#" [ "the-first-of-three","the-second-of-three","the-third-of-three"]"#
)]
fn hosts_and_tokens_are_lists_of_text_or_of_json(#[case] hosts: &str, #[case] tokens: &str) {
    let config = read(&[("HOSTS", hosts), ("PURGE_TOKENS", tokens)]).unwrap();
    assert!(config.serves("a.example") && config.serves("b.example:8443"));
    assert!(!config.serves("b.example") && !config.serves("c.example"));
    let is_token = |offered| config.purge_tokens.iter().any(|token| token.is(offered));
    assert!(TOKENS.into_iter().all(is_token));
    assert!(!is_token("") && !is_token("the-first-of-thre") && !is_token("the-first-of-threee"));
    assert!(!is_token(tokens));
}

#[test]
fn an_address_in_brackets_is_a_host_and_an_empty_list_is_a_list() {
    assert!(read(&[("HOSTS", "[::1]:8787 localhost")]).unwrap().serves("[::1]:8787"));
    let config = read(&[("LOGIN_COOKIES", "[]"), ("IGNORE_COOKIES", " [ ] ")]).unwrap();
    assert!(config.login_cookies.is_empty() && config.ignore_cookies.is_empty());
}

#[test]
fn a_secret_is_never_printed() {
    let config = read(&[
        ("PURGE_TOKENS", "hunter2-hunter2-hunter2"),
        ("READ_TOKENS", "hunter3-hunter3-hunter3"),
        ("CACHE_SECRET", "hunter4-hunter4-hunter4"),
        ("ORIGIN_HEADERS", "X-Edge-Secret: hunter5"),
    ]);
    assert!(!format!("{config:?}").contains("hunter"));
}

#[rstest]
#[case("PURGE_TOKENS", "hunter2")]
#[case("PURGE_TOKENS", "hunter2-hunter2-hunter2, hunter3")]
#[case("READ_TOKENS", "hunter2-hunter")]
#[case("READ_TOKENS", "replace-me-too-hunter-hunter")]
#[case("PURGE_TOKENS", "replace-me")]
#[case("PURGE_TOKENS", r#""hunter2-hunter2-hunter2""#)]
#[case("PURGE_TOKENS", r#"["hunter2-hunter2-hunter2" "hunter3-hunter3-hunter3"]"#)]
#[case("PURGE_TOKENS", "[hunter2-hunter2-hunter2]")]
#[case("PURGE_TOKENS", r#"["hunter2-hunter2 hunter2"]"#)]
#[case("CACHE_SECRET", "hunter2-hunter")]
fn a_secret_that_can_be_guessed_is_refused_unseen(#[case] name: &str, #[case] value: &str) {
    let error = read(&[(name, value)]).unwrap_err();
    assert_eq!(error.setting, name);
    assert!(!error.to_string().contains("hunter"), "{error}");
    if !error.reason.contains("JSON") {
        assert!(error.to_string().ends_with("make one with: openssl rand -hex 32"), "{error}");
    }
}

#[rstest]
#[case(r#""sessionid""#, r#""\"sessionid\"""#)]
#[case("a;b", r#""a;b""#)]
#[case("session*id", r#""session*id""#)]
#[case("sessionid, **", r#""**""#)]
#[case("a=b", r#""a=b""#)]
#[case("[sessionid]", r#""[sessionid]""#)]
#[case(r#"["session id"]"#, r#""session id""#)]
#[case(r#"["sessionid", ""]"#, r#""""#)]
#[case("sessiönid", r#""sessiönid""#)]
fn a_name_that_no_cookie_has_is_refused_with_what_is_legal(#[case] names: &str, #[case] bad: &str) {
    for setting in ["LOGIN_COOKIES", "IGNORE_COOKIES"] {
        let error = read(&[(setting, names)]).unwrap_err();
        assert_eq!(error.setting, setting);
        assert!(error.reason.starts_with(&format!("names {bad}, which is no cookie's name: ")));
        assert!(error.reason.contains("letters, digits") && error.reason.contains("one * may end"));
    }
}

#[test]
fn cookies_that_are_named_replace_the_default_ones() {
    let config =
        read(&[("LOGIN_COOKIES", r#"["my_session", "pre-*"]"#), ("IGNORE_COOKIES", "theme")])
            .unwrap();
    let (logins, ignored) = (config.login_cookies, config.ignore_cookies);
    assert!(
        logins.matches("my_session") && logins.matches("pre-1") && !logins.matches("sessionid")
    );
    assert!(ignored.matches("theme") && !ignored.matches("_ga"));
    let any = read(&[("LOGIN_COOKIES", "*")]).unwrap().login_cookies;
    assert!(any.matches("anything"));
}

#[test]
fn the_lease_outlives_the_origins_time_limit_and_the_work_behind_an_answer() {
    let config = read(&[("ORIGIN_TIMEOUT", "29")]).unwrap();
    assert!(config.lease_life() > config.origin_timeout + std::time::Duration::from_secs(30));
}

#[rstest]
#[case("here", Invalidation::Here)]
#[case("groups", Invalidation::Groups)]
#[case("everywhere", Invalidation::Everywhere)]
fn how_far_an_invalidation_is_told(#[case] word: &str, #[case] expected: Invalidation) {
    assert_eq!(read(&[("INVALIDATION", word)]).unwrap().invalidation, expected);
}
