use edge_isr::json::members::Members;
use proptest::prelude::*;
use serde_json::{Value, json};

fn parsed(members: Members) -> Value {
    serde_json::from_str(&members.end()).unwrap()
}

#[test]
fn an_object_has_its_members_in_the_order_in_which_they_were_added() {
    let inner = Members::default().flag("yes", true).flag("no", false);
    let members = Members::default().text("text", "a\"b").number("number", u64::MAX);
    let members = members.object("inner", inner).json("json", "[1,null]");
    assert_eq!(
        members.end(),
        r#"{"text":"a\"b","number":18446744073709551615,"inner":{"yes":true,"no":false},"json":[1,null]}"#,
    );
}

#[test]
fn an_object_or_a_list_may_be_empty() {
    let members = Members::default().object("object", Members::default());
    let members = members.texts("texts", std::iter::empty()).objects("objects", std::iter::empty());
    assert_eq!(members.end(), r#"{"object":{},"texts":[],"objects":[]}"#);
    assert_eq!(Members::default().end(), "{}");
}

#[test]
fn a_text_that_is_absent_is_no_member() {
    let members = Members::default().text_if("a", None).text_if("b", Some("")).text_if("c", None);
    assert_eq!(members.end(), r#"{"b":""}"#);
    assert_eq!(Members::default().text_if("a", None).end(), "{}");
}

#[test]
fn lists_have_all_their_items() {
    let object = |number: u64| Members::default().number("number", number);
    let members = Members::default().objects("objects", [1, 2, 3].into_iter().map(object));
    let members = members.objects("empty", [Members::default(), Members::default()].into_iter());
    let members = members.texts("texts", ["", "a", ""].into_iter());
    let expected = json!({
        "objects": [{"number": 1}, {"number": 2}, {"number": 3}],
        "empty": [{}, {}],
        "texts": ["", "a", ""],
    });
    assert_eq!(parsed(members), expected);
}

proptest! {
    #[test]
    fn any_text_is_a_member(
        text in prop::collection::vec(any::<char>(), 0..9).prop_map(String::from_iter),
        texts in prop::collection::vec(any::<String>(), 0..4),
        number: u64,
    ) {
        let members = Members::default().text("text", &text).number("number", number);
        let members = members.texts("texts", texts.iter().map(String::as_str));
        let members = members.object("object", Members::default().text("inner", &text));
        let written = members.clone().end();
        prop_assert!(written.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "one line of ASCII");
        let expected = json!({
            "text": text, "number": number, "texts": texts, "object": {"inner": text},
        });
        prop_assert_eq!(parsed(members), expected);
    }
}
