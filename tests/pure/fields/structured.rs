use edge_isr::fields::structured::{Value, dictionary, strings};
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case("max-age=10", &[("max-age", Value::Integer(10))])]
#[case("a, b=?0 , c=?1;x=1", &[("a", Value::Boolean(true)), ("b", Value::Boolean(false)), ("c", Value::Boolean(true))])]
#[case("a=-3, a=4", &[("a", Value::Integer(4))])]
#[case("a, b=1, A=2", &[("a", Value::Integer(2)), ("b", Value::Integer(1))])]
#[case("a=\"x\\\"y\"", &[("a", Value::String("x\"y".to_owned()))])]
#[case("a=1.5, b=tok/en, c=:aGk=:, d=@1, e=(1 \"x\";q 2);p, f=%\"x%c3%a9\"", &[
    ("a", Value::Other), ("b", Value::Other), ("c", Value::Other), ("d", Value::Other),
    ("e", Value::Other), ("f", Value::Other),
])]
#[case("a=(\"x\" \"y\";q), b=()", &[("a", Value::Strings(vec!["x".to_owned(), "y".to_owned()])), ("b", Value::Strings(vec![]))])]
#[case("MaX-aGe=3", &[("max-age", Value::Integer(3))])]
#[case("", &[])]
fn a_dictionary_9651_4_2_2(#[case] text: &str, #[case] members: &[(&str, Value)]) {
    let expected: Vec<_> =
        members.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
    assert_eq!(dictionary(text), Some(expected));
}

#[rstest]
#[case("max-age=10, &&&")]
#[case("max-age=10,")]
#[case("max-age = 10")]
#[case("max-age= 10")]
#[case("a b")]
#[case("a=\"open")]
#[case("a=\"\\x\"")]
#[case("a=1.")]
#[case("a=1.2345")]
#[case("a=1234567890123456")]
#[case("a=?2")]
#[case("a=(1")]
#[case("a=(1,2)")]
#[case("1a=1")]
#[case("a;=1")]
#[case("a=:x")]
fn what_breaks_the_grammar_anywhere_is_ignored_as_a_whole(#[case] text: &str) {
    assert_eq!(dictionary(text), None);
}

#[test]
fn a_list_of_strings() {
    let expected = vec!["a".to_owned(), "b,c".to_owned()];
    assert_eq!(strings("\"a\";x=1, \"b,c\""), Some(expected));
    assert_eq!(strings("\"a\", b"), None);
    assert_eq!(strings("\"a\","), None);
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text: String, likely in "[a-c=?01\"(); ,:@%.\\\\-]{0,20}") {
        dictionary(&text);
        dictionary(&likely);
        strings(&likely);
    }

    /// Another implementation agrees on what is a dictionary (keys in lower case, as it wants them).
    #[test]
    fn agrees_with_another_parser(text in "[a-b=?01\";, .-]{0,14}") {
        let theirs: Result<sfv::Dictionary, _> = sfv::Parser::new(&text).parse();
        prop_assert_eq!(dictionary(&text).is_some(), theirs.is_ok(), "{}", text);
    }
}
