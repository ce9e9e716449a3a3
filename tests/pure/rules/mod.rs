//! The rules of `RULES`, and for which paths each holds.

mod path;

use rstest::rstest;

use crate::config::read;

#[rstest]
#[case("/blog/**", "/blog/a/b", true)]
#[case("/blog/**", "/news", false)]
#[case("/*.pdf", "/a.pdf", true)]
#[case("/*.pdf", "/a/b.pdf", false)]
fn rules_hold_for_the_paths_their_glob_matches(
    #[case] glob: &str,
    #[case] path: &str,
    #[case] holds: bool,
) {
    let rules = format!(r#"[{{"path":"{glob}","bypass":true,"tags":["X"]}}]"#);
    let config = read(&[("RULES", &rules)]).unwrap();
    assert_eq!(config.rules_for(path).len() == 1, holds);
}

#[rstest]
#[case("/account/**", "/account/me")]
#[case("/account/**", "//account/me")]
#[case("/account/**", "/account%2fme")]
#[case("/account/**", "/account%5Cme")]
#[case("/account/**", "/%61ccount/me")]
#[case("/account/**", "/x/..%2faccount/me")]
#[case("/account/**", "/x/%2e%2e/account/me")]
#[case("/account/**", "/x/..;/account/me")]
#[case("/account/**", "/account;v=1/me")]
#[case("/account/**", "/account")]
#[case("/account/**", "/account/")]
#[case("/account", "/account/")]
#[case("/caf\u{e9}/*", "/caf%C3%A9/me")]
fn a_bypass_holds_in_any_reading_of_a_path(#[case] glob: &str, #[case] path: &str) {
    let rules = format!(r#"[{{"path":"{glob}","bypass":true}}]"#);
    assert_eq!(read(&[("RULES", &rules)]).unwrap().rules_for(path).len(), 1, "{path}");
}

#[rstest]
#[case("/accounts/me")]
#[case("/x/account/me")]
#[case("/accoun%2574/me")]
fn a_bypass_holds_for_no_other_path(#[case] path: &str) {
    let config = read(&[("RULES", r#"[{"path":"/account/*","bypass":true}]"#)]).unwrap();
    assert!(config.rules_for(path).is_empty(), "{path}");
}

#[test]
fn tags_and_plain_hold_for_the_path_as_it_is_and_its_normal_form() {
    let rules = r#"[{"path":"/blog/*","tags":["blog"]}, {"path":"/blog/*","plain":true}]"#;
    let config = read(&[("RULES", rules)]).unwrap();
    let held = |path| config.rules_for(path).iter().map(|rule| rule.plain).collect::<Vec<_>>();
    assert_eq!(held("/blog/a"), [false, true]);
    assert_eq!(held("/bl%6Fg/a"), [false, true]);
    assert!(
        held("//blog/a").is_empty() && held("/blog%2fa").is_empty() && held("/blog").is_empty()
    );
}
