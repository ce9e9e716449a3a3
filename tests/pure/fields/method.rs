use edge_isr::fields::request::is_safe;
use rstest::rstest;

#[rstest]
fn a_method_that_asks_is_safe(
    #[values("GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "SEARCH", "REPORT", "QUERY")]
    method: &str,
) {
    assert!(is_safe(&method.parse().unwrap()));
}

#[rstest]
fn a_method_that_changes_or_is_not_known_is_unsafe(
    #[values("POST", "PUT", "PATCH", "DELETE", "PROPPATCH", "MKCOL", "PURGE", "get")] method: &str,
) {
    assert!(!is_safe(&method.parse().unwrap()));
}
