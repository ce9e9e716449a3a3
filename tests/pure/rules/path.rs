use edge_isr::rules::path::{is_spelt_oddly, readings};
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case("/a/b", &["/a/b", "/a/b/"])]
#[case("/a/", &["/a/", "/a"])]
#[case("/", &["/"])]
fn a_plain_path_is_read_with_and_without_a_closing_slash(
    #[case] path: &str,
    #[case] expected: &[&str],
) {
    assert_eq!(readings(path).into_iter().collect::<Vec<_>>(), expected);
}

#[rstest]
#[case("/%61/b", "/a/b")]
#[case("/a%2fb", "/a/b")]
#[case("/a%2Fb", "/a%2Fb")]
#[case("/a%5cb", "/a/b")]
#[case("/a\\b", "/a/b")]
#[case("//a///b", "/a/b")]
#[case("//a///b", "//a///b")]
#[case("/x/../a/b", "/a/b")]
#[case("/x/%2e%2E/a/./b", "/a/b")]
#[case("/x/..%2fa/b", "/a/b")]
#[case("/../../a/b", "/a/b")]
#[case("/x//../a", "/x/a")]
#[case("/x//../a", "/a")]
#[case("/x;p/..;q/a;r=/b", "/a/b")]
#[case("/a%252fb", "/a%2fb")]
#[case("/a%", "/a%")]
#[case("/a%2", "/a%2")]
#[case("/a%zzb%2fc", "/a%zzb/c")]
#[case("/a/..", "/")]
fn an_odd_spelling_has_more_readings(#[case] path: &str, #[case] reading: &str) {
    assert!(readings(path).contains(&reading.to_owned()), "{:?}", readings(path));
    assert!(readings(path).contains(&path.to_owned()));
}

#[test]
fn what_is_encoded_twice_is_decoded_once() {
    assert!(!readings("/a%252fb").contains(&"/a/b".to_owned()));
}

proptest! {
    #[test]
    fn readings_are_few_and_no_longer_than_normal_forms(path in "/[a%2eEfF5c./;\\\\]{0,40}") {
        let readings = readings(&path);
        prop_assert!(readings.contains(&path));
        prop_assert!(readings.len() <= 22);
        // A byte that is no text takes three; a closing slash one.
        prop_assert!(readings.iter().all(|reading| reading.len() <= 3 * path.len() + 1));
    }

    #[test]
    fn a_path_that_is_not_spelt_oddly_has_one_reading_but_for_its_closing_slash(
        path in "/([a-z.-]/?){0,10}",
    ) {
        prop_assume!(!is_spelt_oddly(&path));
        let closing = |reading: &String| reading.trim_end_matches('/') != path.trim_end_matches('/');
        prop_assert!(!readings(&path).iter().any(closing));
    }
}
