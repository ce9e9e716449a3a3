use edge_isr::json::to_ascii;
use proptest::prelude::*;
use rstest::rstest;

proptest! {
    #[test]
    fn any_text_is_one_line_of_ascii(text: String) {
        let json = to_ascii(&text);
        prop_assert!(json.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}

#[rstest]
#[case::ascii("a", "\"a\"")]
#[case::the_last_control_character("\u{7f}", "\"\\u007f\"")]
#[case::with_others("a\u{7f}b~", "\"a\\u007fb~\"")]
#[case::beyond_ascii("aé", "\"a\\u00e9\"")]
#[case::in_two_units("a😀", "\"a\\ud83d\\ude00\"")]
fn metadata_escapes_what_a_field_cannot_hold_and_nothing_else(
    #[case] text: &str,
    #[case] json: &str,
) {
    assert_eq!(to_ascii(&text), json);
}
