use edge_isr::fields::relocation;
use edge_isr::policy::key::CacheKey;
use rstest::rstest;

use crate::headers;

#[rstest]
#[case("location: http://origin.test/account/", "location: https://www.example.com/account/")]
#[case("location: https://ORIGIN.test:443/a?b#c", "location: https://www.example.com/a?b#c")]
#[case("location: //origin.test", "location: https://www.example.com")]
#[case("content-location: http://origin.test/a", "content-location: https://www.example.com/a")]
#[case("refresh: 5; url=http://origin.test/a", "refresh: 5; url=https://www.example.com/a")]
#[case("location: http://origin.test:8080/a", "location: https://www.example.com/a")]
#[case("location: /a//b", "location: /a//b")]
#[case("location: https://origin.test.evil/a", "location: https://origin.test.evil/a")]
#[case("location: /to?u=http://origin.test/a", "location: /to?u=http://origin.test/a")]
fn redirects_name_the_visitors_address(#[case] said: &str, #[case] shown: &str) {
    let mut given = headers(said);
    relocation::relocate(&mut given, "origin.test", "https://www.example.com");
    assert_eq!(given, headers(shown));
}

#[rstest]
#[case("location: https://www.example.com/a", true)]
#[case("location: /a", true)]
#[case("location: /a/", false)]
#[case("location: http://www.example.com/a", false)]
#[case("x: y", false)]
fn a_redirect_to_itself_is_seen(#[case] lines: &str, #[case] itself: bool) {
    let key = CacheKey::parse("https://www.example.com/a").unwrap();
    assert_eq!(relocation::redirects_to(&headers(lines), &key, |named| named), itself);
}

#[rstest]
#[case::its_own_address("http://[::1]/a", "https://site.test/a")]
#[case::its_own_address_with_a_port("http://[::1]:8000/a", "https://site.test/a")]
#[case::another_address("http://[::2]/a", "http://[::2]/a")]
fn an_address_has_colons_and_is_no_port(#[case] url: &str, #[case] shown: &str) {
    let mut given = headers(&format!("location: {url}"));
    relocation::relocate(&mut given, "[::1]", "https://site.test");
    assert_eq!(given["location"], shown);
}
