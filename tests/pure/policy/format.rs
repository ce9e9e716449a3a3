use edge_isr::policy::format::ascii_json;
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_text_is_one_line_of_ascii(text: String) {
        let json = ascii_json(&text);
        prop_assert!(json.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
