use edge_isr::fields::url::{self, normal, resolved_path};
use edge_isr::policy::key::resolved_url;
use proptest::prelude::*;
use rstest::rstest;

proptest! {
    #[test]
    fn what_is_resolved_stays_as_it_is(path in "/[a%2e./\\\\]{0,20}") {
        let resolved = resolved_path(&path).into_owned();
        prop_assert_eq!(&*resolved_path(&resolved), &resolved);
    }

    #[test]
    fn what_is_in_normal_form_stays_as_it_is(text in "[a-c%0-9A-F+&=;/\\\\?#. é]{0,24}") {
        for form in [normal, url::path, url::query] {
            let once = form(&text);
            prop_assert_eq!(form(&once), once);
        }
    }

    #[test]
    fn no_text_makes_them_panic(text: String) {
        normal(&text);
        url::path(&text);
        url::query(&text);
        resolved_path(&text);
        resolved_url(&text);
        resolved_url(&format!("https://{text}"));
    }
}

#[rstest]
#[case::percent_signs_alone("%", "%25")]
#[case::a_backslash("/a\\b", "/a/b")]
#[case::slashes_in_a_row("//a//b", "/a/b")]
#[case::as_it_is("/a/b", "/a/b")]
fn a_path_is_spelt_in_one_way(#[case] path: &str, #[case] expected: &str) {
    assert_eq!(url::path(path), expected);
}
