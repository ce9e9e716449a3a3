use std::rc::Rc;

use edge_isr::journal::append::Sender;
use edge_isr::warmup::page::{served, visit};
use http::{HeaderMap, Method};
use proptest::prelude::*;
use rstest::rstest;

use crate::config::read;

const HOSTS: [(&str, &str); 1] = [("HOSTS", "www.site.test Shop.test:8443 [::1]:8787")];

/// The URL under which a page is warmed, or the reason why it is not.
fn warmed(settings: &[(&str, &str)], url: &str, host: &str) -> Result<String, String> {
    served(&read(settings).unwrap(), url, host).map(|key| key.url())
}

#[rstest]
#[case::its_own("https://site.test/a", "https://site.test/a")]
#[case::without_tls("http://site.test/a", "http://site.test/a")]
#[case::the_first_page("https://site.test", "https://site.test/")]
#[case::in_other_letters("HTTPS://Site.TEST/A", "https://site.test/A")]
#[case::with_its_port("https://site.test:443/", "https://site.test/")]
#[case::with_its_port_without_tls("http://site.test:80/", "http://site.test/")]
#[case::with_a_query("https://site.test/a?b=%20&c", "https://site.test/a?b=%20&c")]
#[case::with_a_fragment("https://site.test/a#b", "https://site.test/a")]
#[case::with_dots("https://site.test/a/../b", "https://site.test/b")]
#[case::like_a_control_route("https://site.test/edge-isr-news", "https://site.test/edge-isr-news")]
fn the_host_that_was_asked_is_served_without_the_setting(#[case] url: &str, #[case] page: &str) {
    assert_eq!(warmed(&[], url, "site.test").as_deref(), Ok(page));
}

#[rstest]
#[case("https://other.test/", "site.test")]
#[case("https://www.site.test/", "site.test")]
#[case("https://site.test.evil.test/", "site.test")]
#[case("https://site.test:8443/", "site.test")]
#[case("https://site.test/", "site.test:8443")]
#[case("http://site.test:443/", "site.test")]
#[case("https://site.test/", "")]
fn no_other_host_is_served_without_the_setting(#[case] url: &str, #[case] host: &str) {
    let reason = warmed(&[], url, host).unwrap_err();
    assert!(reason.contains(" is not that of the request: HOSTS is not set"), "{reason}");
}

#[rstest]
#[case("https://www.site.test/", true)]
#[case("https://WWW.Site.test/", true)]
#[case("http://www.site.test/", true)]
#[case("https://shop.test:8443/", true)]
#[case("http://[::1]:8787/", true)]
#[case("https://site.test/", false)]
#[case("https://asked.test/", false)]
#[case("https://shop.test/", false)]
#[case("https://www.site.test:8443/", false)]
#[case("http://[::1]/", false)]
fn the_hosts_of_the_setting_are_served_and_no_others(#[case] url: &str, #[case] is_served: bool) {
    // The host that was asked counts no more.
    let served = warmed(&HOSTS, url, "asked.test");
    assert_eq!(served.is_ok(), is_served, "{served:?}");
    if let Err(reason) = served {
        assert!(reason.ends_with(" is not in the setting HOSTS"), "{reason}");
    }
}

#[rstest]
#[case::with_a_user("https://user@site.test/", "a URL names no user")]
#[case::with_a_password("https://user:pass@site.test/", "a URL names no user")]
#[case::with_an_empty_user("https://@site.test/", "a URL names no user")]
#[case::another_scheme("ftp://site.test/", "a URL begins with http:// or https:// and a host")]
#[case::a_path("/a", "a URL begins with http:// or https:// and a host")]
#[case::no_host("https:///a", "a URL begins with http:// or https:// and a host")]
#[case::nothing("", "a URL begins with http:// or https:// and a host")]
#[case::beyond_ascii(
    "https://site.test/ä",
    "a URL is printable ASCII; write other characters percent-encoded"
)]
#[case::a_line_break(
    "https://site.test/\r\nx: y",
    "a URL is printable ASCII; write other characters percent-encoded"
)]
#[case::purge("https://site.test/edge-isr/purge", "it is a control route")]
#[case::status("https://site.test/edge-isr/status?a", "it is a control route")]
#[case::the_prefix("https://site.test/edge-isr", "it is a control route")]
#[case::unknown("https://site.test/edge-isr/nothing", "it is a control route")]
#[case::in_other_letters("https://site.test/EDGE-isr/purge", "it is a control route")]
#[case::spelt_oddly("https://site.test/x/..%2fedge-isr/purge", "it is a control route")]
fn what_is_no_page_is_not_warmed(#[case] url: &str, #[case] reason: &str) {
    let hosts = [("HOSTS", "site.test")];
    for settings in [&[][..], &hosts] {
        assert_eq!(warmed(settings, url, "site.test"), Err(reason.to_owned()));
        let config = Rc::new(read(settings).unwrap());
        assert_eq!(visit(config, url, "site.test").err().as_deref(), Some(reason));
    }
}

#[test]
fn control_routes_are_those_of_the_settings() {
    let settings = [("CONTROL_PREFIX", "/_isr")];
    let reason = warmed(&settings, "https://site.test/_isr/purge", "site.test").unwrap_err();
    assert_eq!(reason, "it is a control route");
    assert!(warmed(&settings, "https://site.test/edge-isr/purge", "site.test").is_ok());
}

#[test]
fn a_warmup_asks_as_a_visitor_without_any_field_would() {
    let config = Rc::new(read(&[("ORIGIN", "https://origin.test")]).unwrap());
    let visit = visit(config, "https://Site.test/a/../b?c#d", "site.test").unwrap();
    assert_eq!((&visit.method, visit.url.as_str()), (&Method::GET, "https://site.test/b?c"));
    assert_eq!(visit.key.url(), visit.url);
    let plain = visit.plain_fields(&[]);
    assert_eq!(
        plain,
        HeaderMap::from_iter(
            plain
                .get("accept-encoding")
                .map(|value| { (http::header::ACCEPT_ENCODING, value.clone()) })
        )
    );
    assert!(visit.fields.value("cookie").is_none() && visit.directives().is_none());
    assert_eq!(visit.added_to(&plain), [""; 0]);
}

/// So it spends none of the writes that are set aside for visitors.
#[test]
fn a_warmup_is_sent_by_a_token() {
    let visit = visit(Rc::new(read(&[]).unwrap()), "https://site.test/", "site.test").unwrap();
    assert_eq!(visit.sender(), Sender::Token);
    assert!(visit.warming.is_some_and(|warming| warming.end().is_none()));
}

proptest! {
    #[test]
    fn only_pages_of_the_host_are_warmed(
        before in "[a-z.@:/]{0,6}",
        host in "(site\\.test|evil\\.test)",
        behind in "[a-z.@:0-9/?#\\\\]{0,8}",
    ) {
        let url = format!("https://{before}{host}{behind}");
        if let Ok(page) = warmed(&[], &url, "site.test") {
            prop_assert!(page.starts_with("https://site.test/") || page.starts_with("https://site.test?"));
            prop_assert!(!page.contains('#'));
            prop_assert_eq!(warmed(&[], &page, "site.test"), Ok(page.clone()), "the key is stable");
        }
    }
}
