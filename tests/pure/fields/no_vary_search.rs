use edge_isr::fields::no_vary_search::{NoVarySearch, form_decoded};
use edge_isr::policy::key::CacheKey;
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case::these("params=(\"utm\" \"ref\")", "a=1&ref=2&utm=3", "a=1")]
#[case::all("params", "a=1&b=2", "")]
#[case::all_but("params, except=(\"a\")", "a=1&b=2&a=3", "a=1&a=3")]
#[case::names_are_decoded("params=(\"a b\")", "a%20b=1&a+b=2&c=3", "c=3")]
#[case::case_counts("params=(\"utm\")", "UTM=1", "UTM=1")]
#[case::order("key-order", "b=1&a=2&b=0", "a=2&b=1&b=0")]
#[case::order_counts("params=(\"x\")", "b=1&a=2&x=3", "b=1&a=2")]
#[case::order_besides("key-order, params=(\"x\")", "b=1&a=2&x=3", "a=2&b=1")]
fn queries_that_share_a_response(#[case] field: &str, #[case] query: &str, #[case] shared: &str) {
    let key = |query: &str| CacheKey::parse(&format!("https://h/p?{query}")).unwrap();
    let unselecting = NoVarySearch::parse(field).unwrap();
    assert_eq!(unselecting.shared(&key(query)), key(shared));
}

/// Some origins split there: to them a parameter that selects may stand behind it.
#[rstest]
#[case("params=(\"utm\")", "a=1&utm=2;user=3")]
#[case("params=(\"utm\")", "utm=2&a=1;b=2")]
#[case("params", "a;b")]
#[case("params, except=(\"b\")", "a=1;b=2")]
fn a_query_with_a_semicolon_is_shared_with_no_other_query(
    #[case] field: &str,
    #[case] query: &str,
) {
    let key = CacheKey::parse(&format!("https://h/p?{query}")).unwrap();
    assert_eq!(NoVarySearch::parse(field).unwrap().shared(&key), key);
}

#[test]
fn a_plus_sign_is_no_hexadecimal_digit() {
    assert_eq!(form_decoded("%+f%2b"), "% f+");
}

#[rstest]
#[case("params=?0")]
#[case("key-order=1")]
#[case("key-order=?0")]
#[case("params=(\"a\"), except=(\"b\")")]
#[case("except=(\"a\")")]
#[case("params=(a)")]
#[case("params=\"a\"")]
#[case("params=(\"a\"")]
#[case("")]
fn a_field_that_leaves_every_parameter_selecting(#[case] field: &str) {
    assert_eq!(NoVarySearch::parse(field), None);
}

proptest! {
    #[test]
    fn no_text_makes_them_panic(field: String, text: String) {
        NoVarySearch::parse(&field);
        form_decoded(&text);
    }
}
