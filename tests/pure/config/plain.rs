//! What plain requests say by setting.

use edge_isr::policy::refresh::plain::ForwardHeaders;
use rstest::rstest;

use crate::config::read;

#[test]
fn the_edge_has_a_name_of_the_owners_choice() {
    let config = read(&[("USER_AGENT", "Mozilla/5.0 (compatible; edge-isr)")]).unwrap();
    assert_eq!(config.plain.user_agent, "Mozilla/5.0 (compatible; edge-isr)");
}

#[rstest]
#[case("X-Edge-Secret: s3: cret\n\n  authorization:Basic x\r\n")]
#[case(r#"{"X-Edge-Secret": "s3: cret", "authorization": "Basic x"}"#)]
fn what_the_origin_is_told_is_lines_or_a_json_object(#[case] text: &str) {
    let mut headers = read(&[("ORIGIN_HEADERS", text)]).unwrap().plain.origin_headers;
    headers.sort_by_key(|(name, _)| name.as_str() != "x-edge-secret");
    let told: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!(told, [("x-edge-secret", "s3: cret"), ("authorization", "Basic x")]);
}

#[rstest]
#[case("Host: hunter2")]
#[case("Cookie: hunter2")]
#[case("Connection: hunter2")]
#[case("Transfer-Encoding: hunter2")]
#[case("Content-Length: 2")]
#[case("User-Agent: hunter2")]
#[case("Accept-Encoding: hunter2")]
#[case("If-None-Match: hunter2")]
#[case("X-Forwarded-Host: hunter2")]
#[case("X Secret: hunter2")]
#[case("X-Secret hunter2")]
#[case("X-Secret: hunter2\u{7f}")]
#[case(r#"{"X-Secret": ["hunter2"]}"#)]
#[case(r#"{"X-Secret": "hunter2\nHost: x"}"#)]
fn what_the_origin_cannot_be_told_is_refused_unseen(#[case] text: &str) {
    let error = read(&[("ORIGIN_HEADERS", text)]).unwrap_err();
    assert_eq!(error.setting, "ORIGIN_HEADERS");
    assert!(!error.to_string().contains("hunter"), "{error}");
}

#[test]
fn fields_that_plain_requests_carry_are_named() {
    let config = read(&[("FORWARD_HEADERS", "User-Agent, X-Country")]).unwrap();
    let names = vec!["user-agent".parse().unwrap(), "x-country".parse().unwrap()];
    assert_eq!(config.plain.forward_headers, ForwardHeaders::These(names));
}

#[rstest]
#[case("cookie", "COOKIE_VARIANTS")]
#[case("x-country AUTHORIZATION", "SHARE_AUTHORIZED")]
#[case("host", "the edge makes it itself")]
#[case("if-none-match", "the edge makes it itself")]
#[case("x-forwarded-host", "the edge makes it itself")]
#[case("te", "the edge makes it itself")]
#[case("x country;", "no field name")]
#[case("x-*", "* stands for all fields")]
fn fields_that_plain_requests_must_not_carry_are_refused(#[case] names: &str, #[case] why: &str) {
    let error = read(&[("FORWARD_HEADERS", names)]).unwrap_err();
    assert_eq!(error.setting, "FORWARD_HEADERS");
    assert!(error.reason.contains(why), "{error}");
}

#[rstest]
#[case("http://127.0.0.1:9000", true)]
#[case("http://127.8.8.8", true)]
#[case("http://[::1]:9000", true)]
#[case("http://[::1]", true)]
#[case("https://localhost:9000", true)]
#[case("http://LOCALHOST", true)]
#[case("http://127.0.0.1.example.com", false)]
#[case("http://localhost.example.com", false)]
#[case("http://10.0.0.1", false)]
#[case("http://[::2]", false)]
#[case("https://example.com", false)]
fn everything_is_forwarded_only_to_this_machine(#[case] origin: &str, #[case] is_allowed: bool) {
    let settings = [("ORIGIN", origin), ("FORWARD_HEADERS", "*")];
    match read(&settings) {
        Ok(config) => assert!(is_allowed && config.plain.forward_headers == ForwardHeaders::All),
        Err(error) => assert!(!is_allowed && error.setting == "FORWARD_HEADERS"),
    }
    assert!(read(&settings[1..]).is_err(), "the zone's own origin");
}
