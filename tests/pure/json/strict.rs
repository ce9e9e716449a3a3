use edge_isr::json::parse;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::Value;

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_is_parsed_as_serde_json_parses_it(value in value()) {
        let text = value.to_string();
        prop_assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
    }

    #[test]
    fn bytes_that_serde_json_refuses_are_refused(bytes: Vec<u8>) {
        prop_assert!(parse(&bytes).is_err() || serde_json::from_slice::<Value>(&bytes).is_ok());
    }
}

#[rstest]
#[case::at_the_top(r#"{"a":1,"b":2,"a":1}"#, "\"a\"")]
#[case::inside(r#"[{"x":{"path":"/","path":"/b"}}]"#, "\"path\"")]
#[case::spelt_with_an_escape(r#"{"a":1,"\u0061":1}"#, "\"a\"")]
fn a_field_that_appears_twice_is_refused_by_name(#[case] text: &str, #[case] name: &str) {
    let error = parse(text.as_bytes()).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("the field {name} appears twice at line 1 column ")),
        "{error}"
    );
}

#[test]
fn a_text_nested_deeply_is_refused() {
    let deep = "[".repeat(100_000);
    assert!(parse(deep.as_bytes()).unwrap_err().to_string().contains("recursion limit"));
}
