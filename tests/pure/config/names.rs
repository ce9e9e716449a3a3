use edge_isr::config::Config;
use edge_isr::config::names::{NAMES, Named, check};
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
#[case("log", Named::Misspelt("LOG"))]
#[case("BLOG", Named::Other)]
#[case("LOGS", Named::Other)]
#[case("LOG_REQUESTS", Named::Other)]
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
    let bindings = ["COORDINATOR", "PAGES", "TAGS"].map(str::to_owned);
    let known: std::collections::BTreeSet<String> = NAMES.map(str::to_owned).into();
    let mut asked = asked.take();
    asked.extend(bindings);
    assert_eq!(asked, known);
}

fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(|name| (*name).to_owned()).collect()
}

#[rstest]
#[case::two_letters_of_a_long_name("LOGIN_COOXXES", Named::Misspelt("LOGIN_COOKIES"))]
#[case::three_letters_of_a_long_name("LOGIN_COXXXES", Named::Other)]
#[case::two_letters_of_a_short_name("ORIGXX", Named::Other)]
#[case::one_letter_of_a_short_name("ORIGIX", Named::Misspelt("ORIGIN"))]
#[case::two_letters_swapped("ORIIGN", Named::Misspelt("ORIGIN"))]
#[case::the_last_two_letters_swapped("ORIGNI", Named::Misspelt("ORIGIN"))]
#[case::two_letters_swapped_twice("ROIIGN", Named::Other)]
#[case::letters_added("SKEWNESS", Named::Other)]
#[case::letters_left_out("SK", Named::Other)]
fn a_name_is_misspelt_within_bounds(#[case] name: &str, #[case] expected: Named) {
    assert_eq!(Named::of(name), expected);
}

#[test]
fn names_of_other_programs_are_returned_in_their_order() {
    let given = names(&["SENTRY_DSN", "ORIGIN", "TAGS", "ASSETS"]);
    assert_eq!(check(given).unwrap(), ["SENTRY_DSN", "ASSETS"]);
}

#[test]
fn a_misspelt_name_is_refused_with_the_setting_that_was_meant() {
    let error = check(names(&["SENTRY_DSN", "ORIGN"])).unwrap_err();
    assert_eq!(error.to_string(), "the setting ORIGIN is written \"ORIGN\": correct the name");
}
