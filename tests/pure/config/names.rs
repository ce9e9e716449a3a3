use edge_isr::config::Config;
use edge_isr::config::names::{NAMES, Named};
use rstest::rstest;

#[rstest]
#[case("ORIGIN", Named::Setting)]
#[case("TAGS", Named::Setting)]
#[case("ORIGN", Named::Misspelt("ORIGIN"))]
#[case("ORGIIN", Named::Misspelt("ORIGIN"))]
#[case("origin", Named::Misspelt("ORIGIN"))]
#[case("PURGE_TOKEN", Named::Misspelt("PURGE_TOKENS"))]
#[case("LOGIN-COOKIES", Named::Misspelt("LOGIN_COOKIES"))]
#[case("MAXLIFE", Named::Misspelt("MAX_LIFE"))]
#[case("RULE", Named::Misspelt("RULES"))]
#[case("SENTRY_DSN", Named::Other)]
#[case("PORT", Named::Other)]
#[case("TOKENS", Named::Other)]
#[case("ASSETS", Named::Other)]
fn what_a_variable_is_by_its_name(#[case] name: &str, #[case] expected: Named) {
    assert_eq!(Named::of(name), expected);
}

#[test]
fn every_setting_that_is_read_has_its_name_in_the_list() {
    let asked = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let raw = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        None
    };
    Config::read(&raw).unwrap();
    let bindings = ["COORDINATOR", "TAGS"].map(str::to_owned);
    let known: std::collections::BTreeSet<String> = NAMES.map(str::to_owned).into();
    let mut asked = asked.take();
    asked.extend(bindings);
    assert_eq!(asked, known);
}
