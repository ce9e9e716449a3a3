use edge_isr::config::Config;
use rstest::rstest;

use super::read;

const FIRST: &str = "the-first-of-the-tokens";
const SECOND: &str = "the-second-of-the-tokens";
const SECRET: &str = "the-secret-of-the-cache";

fn config(settings: &[(&str, &str)]) -> Config {
    read(settings).unwrap()
}

#[rstest]
#[case::its_own(&[("CACHE_SECRET", SECRET), ("PURGE_TOKENS", FIRST)], SECRET)]
#[case::the_first_token_that_may_purge(&[("PURGE_TOKENS", "the-first-of-the-tokens the-second-of-the-tokens")], FIRST)]
#[case::no_token_that_may_only_read(&[("READ_TOKENS", FIRST)], "")]
fn names_in_the_cache_are_hashed_with_a_secret(
    #[case] settings: &[(&str, &str)],
    #[case] secret: &str,
) {
    assert_eq!(config(settings).cache_secret(), secret.as_bytes());
}

#[test]
fn a_token_is_itself_and_no_other() {
    let tokens = config(&[("PURGE_TOKENS", FIRST)]).purge_tokens;
    assert!(tokens[0].is(FIRST));
    for other in ["", SECOND, "the-first-of-the-token", "the-first-of-the-tokens2"] {
        assert!(!tokens[0].is(other), "{other}");
    }
}

#[test]
fn a_secret_is_shown_as_one_and_not_what_it_is() {
    let tokens = config(&[("PURGE_TOKENS", FIRST)]).purge_tokens;
    assert_eq!(format!("{tokens:?}"), "[Secret(…)]");
}

#[rstest]
#[case("0123456789abcdef", true)]
#[case("0123456789abcde", false)]
fn a_secret_has_sixteen_characters_at_least(#[case] token: &str, #[case] is_legal: bool) {
    assert_eq!(read(&[("PURGE_TOKENS", token)]).is_ok(), is_legal);
}
