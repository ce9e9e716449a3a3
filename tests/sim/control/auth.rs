//! Which token may do what.

use http::Method;
use rstest::rstest;
use serde_json::json;

use super::{send, told};
use crate::world::{TOKEN, World};

const READER: &str = "the-token-that-reads";
const PURGE: (Method, &str) = (Method::POST, "purge");
const STATUS: (Method, &str) = (Method::GET, "status?tag=a");

#[rstest]
#[case::one_that_purges_may_purge(PURGE, TOKEN, 200)]
#[case::and_read(STATUS, TOKEN, 200)]
#[case::one_that_reads_may_read(STATUS, READER, 200)]
#[case::and_not_purge(PURGE, READER, 403)]
#[case::another_may_not_purge(PURGE, "the-token-of-another", 401)]
#[case::nor_read(STATUS, "the-token-of-another", 401)]
#[case::none_is_no_token(STATUS, "", 401)]
fn a_token(#[case] route: (Method, &str), #[case] token: &str, #[case] status: u16) {
    let world = World::with(1, &[("READ_TOKENS", READER)]);
    let seen = send(&world, route.0, route.1, token);
    assert_eq!(seen.status, status, "{}", seen.text);
    let challenge = if status == 401 { "Bearer realm=\"edge-isr\"" } else { "" };
    assert_eq!(seen.header("www-authenticate"), challenge);
}

#[test]
fn a_token_that_stands_twice_counts_as_one() {
    let twice = format!("{TOKEN} {TOKEN}");
    let world = World::with(1, &[("PURGE_TOKENS", &twice)]);
    assert_eq!(send(&world, PURGE.0, PURGE.1, TOKEN).status, 200);
}

#[test]
fn without_tokens_every_route_refuses_and_says_why() {
    let world = World::with(1, &[("PURGE_TOKENS", "")]);
    for route in [PURGE, STATUS] {
        let seen = send(&world, route.0, route.1, "");
        assert_eq!((seen.status, &told(&seen)["field"]), (503, &json!("PURGE_TOKENS")));
    }
}
