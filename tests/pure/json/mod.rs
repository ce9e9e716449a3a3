mod ascii;
mod members;
mod strict;

use edge_isr::json::{self, Fields, FromValue};
use proptest::prelude::*;
use rstest::rstest;
use serde::Serialize;
use serde_json::Value;

/// What the edge stores is made of these.
#[derive(Debug, PartialEq, Serialize)]
struct Sample {
    text: String,
    number: u64,
    signed: i64,
    flag: bool,
    pairs: Vec<(String, u64)>,
    inner: Option<Box<Sample>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    list: Vec<String>,
}

impl FromValue for Sample {
    fn from_value(value: Value) -> Option<Sample> {
        let mut fields = Fields::of(value)?;
        let inner: Option<Value> = fields.take_or_default("inner")?;
        Some(Sample {
            text: fields.take("text")?,
            number: fields.take("number")?,
            signed: fields.take("signed")?,
            flag: fields.take("flag")?,
            pairs: fields.take("pairs")?,
            inner: match inner {
                Some(inner) => Some(Box::new(Sample::from_value(inner)?)),
                None => None,
            },
            list: fields.take_or_default("list")?,
        })
    }
}

fn sample() -> impl Strategy<Value = Sample> {
    let parts = any::<(String, u64, i64, bool, Vec<(String, u64)>, Vec<String>)>();
    let flat = parts.prop_map(|(text, number, signed, flag, pairs, list)| Sample {
        text,
        number,
        signed,
        flag,
        pairs,
        inner: None,
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

const WHOLE: &str = r#"{"text":"t","number":1,"signed":-2,"flag":true,"pairs":[["a",1]]}"#;

#[rstest]
#[case::with_a_field_of_a_later_version(WHOLE.replace("{", r#"{"later":{"a":[null,-1,1.5]},"#), true)]
#[case::with_a_null_for_an_absent_field(WHOLE.replace("{", r#"{"inner":null,"#), true)]
#[case::without_a_field(WHOLE.replace(r#""flag":true,"#, ""), false)]
#[case::with_a_field_twice(WHOLE.replace("{", r#"{"number":1,"#), false)]
#[case::with_a_negative_number(WHOLE.replace(r#""number":1"#, r#""number":-1"#), false)]
#[case::with_a_fraction(WHOLE.replace(r#""number":1"#, r#""number":1.0"#), false)]
#[case::with_a_number_for_a_text(WHOLE.replace(r#""t""#, "1"), false)]
#[case::with_a_pair_of_one(WHOLE.replace(r#"["a",1]"#, r#"["a"]"#), false)]
#[case::with_a_pair_of_three(WHOLE.replace(r#"["a",1]"#, r#"["a",1,2]"#), false)]
#[case::with_a_text_for_a_flag(WHOLE.replace("true", r#""true""#), false)]
#[case::with_a_null_for_a_text(WHOLE.replace(r#""t""#, "null"), false)]
#[case::with_a_null_for_an_absent_list(WHOLE.replace("{", r#"{"list":null,"#), false)]
#[case::with_a_text_for_a_list(WHOLE.replace(r#"[["a",1]]"#, r#""a""#), false)]
#[case::with_a_list_for_an_object(format!("[{WHOLE}]"), false)]
#[case::cut_off(WHOLE[..WHOLE.len() - 1].to_owned(), false)]
#[case::with_more_behind_it(format!("{WHOLE} 1"), false)]
fn a_stored_text_is_read_whole_or_not_at_all(#[case] text: String, #[case] is_read: bool) {
    assert_eq!(json::read::<Sample>(&text).is_some(), is_read, "{text}");
}
