use edge_isr::fields::vary::{
    Encoding, Languages, Selecting, Selectors, Vary, selected_by, selecting_text,
};
use http::HeaderMap;
use rstest::rstest;

use crate::headers;

#[rstest]
#[case::repeated_lines_and_case_4_1("vary: Accept, Cookie\nvary: ACCEPT", &["accept", "cookie"])]
#[case::none("x: y", &[])]
#[case::empty_members("vary: , a,,", &["a"])]
fn vary_names_fields(#[case] lines: &str, #[case] expected: &[&str]) {
    let Vary::Fields(names) = Vary::of(&headers(lines)) else { panic!("any") };
    assert_eq!(names.iter().map(|name| name.as_str()).collect::<Vec<_>>(), expected);
}

#[rstest]
#[case("vary: *")]
#[case("vary: accept, *")]
#[case("vary: accept\nvary: *")]
#[case("vary: a b")]
fn vary_that_names_everything_or_cannot_be_read(#[case] lines: &str) {
    assert_eq!(Vary::of(&headers(lines)), Vary::Any);
}

/// What a request without cookies and of no other site says.
fn selecting<const N: usize>(
    names: [&str; N],
    request: &HeaderMap,
    languages: Languages,
) -> Selecting {
    let accepted = request.get("accept-encoding").map(|value| value.to_str().unwrap());
    let selectors = Selectors {
        request,
        languages,
        encoding: Encoding::of(accepted),
        cookies: None,
        secret: b"a secret",
    };
    selectors.selecting(names)
}

#[rstest]
#[case::white_space("x: a,  b", "x: a ,b", true)]
#[case::lines("x: a\nx: b", "x: a, b", true)]
#[case::order("x: a, b", "x: b, a", false)]
#[case::value_case("x: a", "x: A", false)]
#[case::absent_is_not_empty("x:", "y: 1", false)]
#[case::absent_twice("y: 2", "y: 1", true)]
#[case::no_value_spells_absence("x: absent", "y: 1", false)]
fn values_that_select_the_same_response_4_1(
    #[case] one: &str,
    #[case] other: &str,
    #[case] same: bool,
) {
    let select = |lines| selecting(["x"], &headers(lines), Languages::AsSpelt);
    assert_eq!(select(one) == select(other), same);
}

#[rstest]
#[case("gzip, br", "br,gzip", true)]
#[case("gzip;q=0.5, br", "br, GZIP", true)]
#[case("gzip, br;q=0", "gzip", true)]
#[case("gzip, identity", "gzip", true)]
#[case("gzip, br, zstd", "*", true)]
#[case("br", "identity", true)]
#[case("gzip;q=0", "", true)]
#[case("gzip", "br, gzip", false)]
#[case("gzip", "identity", false)]
fn content_codings_come_in_three_classes_12_5_3(
    #[case] one: &str,
    #[case] other: &str,
    #[case] same: bool,
) {
    let select = |value: &str| {
        selecting(
            ["accept-encoding"],
            &headers(&format!("accept-encoding: {value}")),
            Languages::AsSpelt,
        )
    };
    assert_eq!(select(one) == select(other), same);
}

#[test]
fn the_order_in_which_fields_are_named_does_not_count() {
    let request = headers("a: 1\nb: 2");
    assert_eq!(
        selecting(["a", "b"], &request, Languages::AsSpelt),
        selecting(["b", "a", "a"], &request, Languages::AsSpelt)
    );
}

#[rstest]
#[case("en, de", "de, en", true)]
#[case("en;q=0.5, de", "de;q=1.0,en;q=0.500", true)]
#[case("EN-gb", "en-GB", true)]
#[case("en, fr;q=0", "en", true)]
#[case("en;q=0.5, de", "en, de;q=0.5", false)]
#[case("en", "de", false)]
fn accept_language_is_normalised_by_setting_12_5_4(
    #[case] one: &str,
    #[case] other: &str,
    #[case] same: bool,
) {
    let select = |value: &str, languages| {
        selecting(["accept-language"], &headers(&format!("accept-language: {value}")), languages)
    };
    let normalised = |value| select(value, Languages::Normalised);
    assert_eq!(normalised(one) == normalised(other), same);
    assert_ne!(select(one, Languages::AsSpelt), select(other, Languages::AsSpelt));
}

#[test]
fn a_coded_body_varies_by_what_its_reader_can_decode() {
    let names = |lines| selected_by(&headers(lines));
    assert_eq!(names("content-encoding: gzip"), ["accept-encoding"]);
    assert_eq!(names("content-encoding: gzip\nvary: x"), ["accept-encoding", "x"]);
    assert_eq!(names("content-encoding: gzip\nvary: accept-encoding"), ["accept-encoding"]);
    assert!(names("x: y").is_empty());
}

#[test]
fn what_is_kept_of_cookies_tells_them_apart_and_gives_none_away() {
    let request = headers("cookie: sid=very-secret");
    let select = |cookies, secret| {
        let selectors = Selectors {
            request: &request,
            languages: Languages::AsSpelt,
            encoding: Encoding::Identity,
            cookies,
            secret,
        };
        selectors.selecting(["cookie"])
    };
    let one = select(Some("sid=very-secret"), b"a");
    assert!(!one[0].1.contains("secret"));
    assert_ne!(one, select(Some("sid=other"), b"a"));
    assert_ne!(one, select(Some("sid=very-secret"), b"b"));
    assert_eq!(select(None, b"a")[0].1, "absent");
}

/// What stands beside a stored response must not give away what a visitor sent.
#[test]
fn credentials_that_select_are_told_apart_and_not_written_down() {
    let select = |token: &str| {
        let request = headers(&format!("authorization: Bearer {token}"));
        selecting(["authorization"], &request, Languages::AsSpelt)
    };
    assert_eq!(select("one"), select("one"));
    assert_ne!(select("one"), select("two"));
    assert!(!select("one")[0].1.contains("one"));
}

#[rstest]
#[case::no_list("user-agent", " a,,b ", "a,,b")]
#[case::a_list("x", " a,,b ", "a, b")]
fn a_comma_separates_the_members_of_lists_alone(
    #[case] name: &str,
    #[case] value: &str,
    #[case] text: &str,
) {
    let request = headers(&format!("{name}:{value}"));
    assert_eq!(selecting_text(name, &request, Languages::AsSpelt).as_deref(), Some(text));
}
