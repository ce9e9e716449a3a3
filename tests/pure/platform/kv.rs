use std::time::Duration;

use edge_isr::isolate::rest::Rest;
use edge_isr::platform::kv_error::KvError;
use edge_isr::platform::kv_key::{KvKey, KvPrefix};
use edge_isr::policy::fence::PurgeMode;
use edge_isr::policy::tag::Tag;
use rstest::rstest;

fn tag(text: &str) -> Tag {
    Tag::origin(text).unwrap()
}

#[rstest]
#[case(KvKey::record(PurgeMode::Soft, &tag("Post:1")), "p/s/post:1")]
#[case(KvKey::record(PurgeMode::Hard, &tag("Post:1")), "p/h/post:1")]
#[case(KvKey::record(PurgeMode::Hard, &Tag::everything()), "p/h/%01%2A")]
#[case(KvKey::relation(&tag("a/b"), "0f"), "t/a%2Fb/0f")]
#[case(KvKey::page("0f"), "u/0f")]
#[case(KvKey::receipt("0f"), "r/0f")]
fn a_key_is_spelt_as_it_always_was(#[case] key: KvKey, #[case] spelling: &str) {
    assert_eq!((key.as_str(), key.to_string().as_str()), (spelling, spelling));
}

#[test]
fn a_listed_relation_tells_its_page_if_it_is_of_the_tag() {
    let relations = KvPrefix::relations(&tag("a"));
    assert_eq!(relations.page_of(KvKey::relation(&tag("a"), "0f").as_str()), Some("0f"));
    assert_eq!(relations.page_of(KvKey::relation(&tag("a/b"), "0f").as_str()), None);
}

#[rstest]
#[case("Too many API requests by single Worker invocation.", KvError::TooManyOperations)]
#[case("Error: Too many API requests by single worker invocation.", KvError::TooManyOperations)]
#[case(
    "Too many API requests by single Worker invocation. To configure this limit, refer to \
     https://developers.cloudflare.com/workers/wrangler/configuration/#limits",
    KvError::TooManyOperations
)]
#[case("Too many subrequests.", KvError::TooManyOperations)]
#[case("Too many subrequests by single Worker invocation.", KvError::TooManyOperations)]
#[case("KV put() limit exceeded for the day.", KvError::DayQuota)]
#[case("KV list() limit exceeded for the day.", KvError::DayQuota)]
#[case("KV PUT failed: 429 Too Many Requests", KvError::TooSoon)]
#[case("Error: KV DELETE failed: 429 Too Many Requests", KvError::TooSoon)]
fn a_limit_is_known_by_what_the_runtime_says(#[case] text: &str, #[case] kind: KvError) {
    assert_eq!(KvError::classified(text), kind);
}

#[rstest]
#[case("KV GET_BULK failed: 500 Internal Server Error")]
#[case("KV PUT failed: 400 Invalid expiration_ttl of 30. Expiration TTL must be at least 60.")]
#[case("KV GET failed: 414 UTF-8 encoded length of 513 exceeds key length limit of 512.")]
#[case("Subrequest depth limit exceeded.")]
#[case("Network connection lost.")]
#[case("")]
fn any_other_failure_keeps_its_words(#[case] text: &str) {
    assert_eq!(KvError::classified(text), KvError::Other(text.to_owned()));
    assert_eq!(KvError::classified(text).to_string(), text);
}

#[rstest]
#[case::which_says_nothing_of_kv(KvError::TooManyOperations, None)]
#[case::which_is_a_rest_already(KvError::Resting, None)]
#[case::timed_out(KvError::TimedOut, Some(Rest::LONG))]
#[case::of_the_day(KvError::DayQuota, Some(Rest::SHORT))]
#[case::any_other(KvError::Other("failed: 500".to_owned()), Some(Rest::SHORT))]
fn kv_is_not_read_for_a_while_after_an_error(
    #[case] error: KvError,
    #[case] rest: Option<Duration>,
) {
    assert_eq!(error.rest_after(), rest);
}
