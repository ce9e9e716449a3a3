mod ascii;
mod strict;

use edge_isr::json;
use proptest::prelude::*;
use rstest::rstest;
use serde::{Deserialize, Serialize};

/// What the edge stores is made of these.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
    text: String,
    number: u64,
    small: u16,
    flag: bool,
    kind: Kind,
    pairs: Vec<(String, u64)>,
    inner: Option<Box<Sample>>,
    newtype: Newtype,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    list: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    First,
    TheSecond,
    Of(String),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Newtype(u64);

fn sample() -> impl Strategy<Value = Sample> {
    let parts =
        (any::<(String, u64, u16, bool, bool, bool)>(), any::<(Vec<(String, u64)>, Vec<String>)>());
    let flat = parts.prop_map(|((text, number, small, flag, first, of), (pairs, list))| Sample {
        kind: match (first, of) {
            (true, _) => Kind::First,
            (_, true) => Kind::Of(text.clone()),
            _ => Kind::TheSecond,
        },
        text,
        number,
        small,
        flag,
        pairs,
        inner: None,
        newtype: Newtype(number),
        list,
    });
    (flat.clone(), proptest::option::of(flat))
        .prop_map(|(outer, inner)| Sample { inner: inner.map(Box::new), ..outer })
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(sample in sample()) {
        prop_assert_eq!(json::read::<Sample>(&json::to_ascii(&sample)), Some(sample));
    }
}

const WHOLE: &str = r#"{"text":"t","number":1,"small":2,"flag":true,"kind":"the-second","pairs":[["a",1]],"newtype":3}"#;

#[rstest]
#[case::with_a_field_of_a_later_version(WHOLE.replace("{", r#"{"later":{"a":[null,-1,1.5]},"#), true)]
#[case::with_a_null_for_an_absent_field(WHOLE.replace("{", r#"{"inner":null,"#), true)]
#[case::without_a_field(WHOLE.replace(r#""flag":true,"#, ""), false)]
#[case::with_a_field_twice(WHOLE.replace("{", r#"{"number":1,"#), false)]
#[case::with_a_number_too_large(WHOLE.replace(r#""small":2"#, r#""small":65536"#), false)]
#[case::with_a_negative_number(WHOLE.replace(r#""number":1"#, r#""number":-1"#), false)]
#[case::with_a_fraction(WHOLE.replace(r#""number":1"#, r#""number":1.0"#), false)]
#[case::with_a_number_for_a_text(WHOLE.replace(r#""t""#, "1"), false)]
#[case::with_an_unknown_variant(WHOLE.replace("the-second", "third"), false)]
#[case::with_a_number_for_a_variant(WHOLE.replace(r#""the-second""#, "1"), false)]
#[case::with_a_variant_that_has_content(WHOLE.replace(r#""the-second""#, r#"{"of":"x"}"#), true)]
#[case::with_content_for_a_variant_that_has_none(WHOLE.replace(r#""the-second""#, r#"{"first":"x"}"#), false)]
#[case::with_a_pair_of_one(WHOLE.replace(r#"["a",1]"#, r#"["a"]"#), false)]
#[case::with_a_list_for_an_object(format!("[{WHOLE}]"), false)]
#[case::cut_off(WHOLE[..WHOLE.len() - 1].to_owned(), false)]
#[case::with_more_behind_it(format!("{WHOLE} 1"), false)]
fn a_stored_text_is_read_whole_or_not_at_all(#[case] text: String, #[case] is_read: bool) {
    assert_eq!(json::read::<Sample>(&text).is_some(), is_read, "{text}");
}
