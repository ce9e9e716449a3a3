use edge_isr::policy::storing::withhold;
use rstest::rstest;

use crate::headers;

#[rstest]
#[case::named_by_no_cache_5_2_2_4("cache-control: no-cache=\"x\"\nx: 1\ny: 2", "cache-control y")]
#[case::named_by_private_5_2_2_7("cache-control: private=\"x, y\"\nx: 1\ny: 2", "cache-control")]
#[case::unnamed("cache-control: no-cache\nx: 1", "cache-control x")]
fn fields_that_are_for_one_use_are_not_stored(#[case] response: &str, #[case] left: &str) {
    let mut fields = headers(response);
    withhold(&mut fields);
    let mut names: Vec<&str> = fields.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names.join(" "), left);
}
