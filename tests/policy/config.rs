use std::collections::BTreeMap;

use edge_isr::config::{Config, ConfigError};
use rstest::rstest;

fn read(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
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
#[case("RULES", "{}")]
#[case("RULES", r#"[{"path":"blog"}]"#)]
#[case("RULES", r#"[{"path":"/x","tag":["a"]}]"#)]
#[case("RULES", r#"[{"path":"/x","tags":["a b"]}]"#)]
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
    assert_eq!(config.login_cookies, ["sessionid"]);
}

#[test]
fn hosts_and_tokens_are_lists() {
    let config =
        read(&[("HOSTS", "A.example, b.example:8443"), ("PURGE_TOKENS", "one two,three")]).unwrap();
    assert!(config.serves("a.example") && config.serves("b.example:8443"));
    assert!(!config.serves("b.example") && !config.serves("c.example"));
    let is_token = |offered| config.purge_tokens.iter().any(|token| token.is(offered));
    assert!(is_token("one") && is_token("two") && is_token("three"));
    assert!(!is_token("") && !is_token("on") && !is_token("onee") && !is_token("one two"));
}

#[test]
fn a_secret_is_never_printed() {
    let config = read(&[("PURGE_TOKENS", "hunter2"), ("READ_TOKENS", "hunter3")]).unwrap();
    assert!(!format!("{config:?}").contains("hunter"));
}

#[test]
fn the_lease_outlives_the_origins_time_limit_and_the_work_behind_an_answer() {
    let config = read(&[("ORIGIN_TIMEOUT", "29")]).unwrap();
    assert!(config.lease_life() > config.origin_timeout + std::time::Duration::from_secs(30));
}

#[rstest]
#[case("/blog/**", "/blog/a/b", true)]
#[case("/blog/**", "/news", false)]
#[case("/*.pdf", "/a.pdf", true)]
#[case("/*.pdf", "/a/b.pdf", false)]
fn rules_hold_for_the_paths_their_glob_matches(
    #[case] glob: &str,
    #[case] path: &str,
    #[case] holds: bool,
) {
    let rules = format!(r#"[{{"path":"{glob}","bypass":true,"tags":["X"]}}]"#);
    let config = read(&[("RULES", &rules)]).unwrap();
    assert_eq!(config.rules_for(path).len() == 1, holds);
}
