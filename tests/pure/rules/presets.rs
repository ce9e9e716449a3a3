//! The presets: what each says of the requests that its framework is known for.

use edge_isr::policy::storing::ruled::SetAside;
use edge_isr::rules::Rules;
use edge_isr::rules::facts::Facts;
use edge_isr::rules::presets::{PRESETS, rules_of};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use rstest::rstest;

use super::key;

fn preset(name: &str) -> Rules {
    Rules::parse(rules_of(name).unwrap()).unwrap()
}

fn bypasses(rules: &Rules, path: &str, cookie: &str) -> bool {
    let mut fields = HeaderMap::new();
    if !cookie.is_empty() {
        fields.insert("cookie", HeaderValue::from_str(cookie).unwrap());
    }
    rules.bypass(&Facts::of_request(&Method::GET, &key(path), &fields)).is_some()
}

#[test]
fn each_preset_is_legal_keeps_pages_for_ten_minutes_and_leaves_out_what_advertisers_add() {
    for (name, _) in PRESETS {
        let (rules, page) = (preset(name), key("/blog/salt?utm_source=x&page=2"));
        assert!(!bypasses(&rules, "/blog/salt", "_ga=1"), "{name}");
        let page = rules.key(&page).unwrap();
        assert_eq!(page.path_and_query(), "/blog/salt?page=2", "{name}");
        let forced = rules.ruled(&page, StatusCode::OK, &HeaderMap::new()).forced;
        // Drupal states lifetimes, and which pages are not for all.
        let ttl = (name != "drupal").then_some(600);
        assert_eq!(forced.and_then(|forced| forced.ttl), ttl, "{name}");
        assert!(forced.is_none_or(|forced| forced.set_aside == SetAside::default()), "{name}");
        assert_eq!(rules.ruled(&page, StatusCode::NOT_FOUND, &HeaderMap::new()).forced, None);
    }
}

#[rstest]
#[case("wordpress", "/", "wordpress_logged_in_5d41=a")]
#[case("wordpress", "/", "wp-postpass_5d41=a")]
#[case("wordpress", "/", "comment_author_5d41=a")]
#[case("wordpress", "/", "woocommerce_items_in_cart=1")]
#[case("wordpress", "/wp-admin/post.php", "")]
#[case("wordpress", "/wp-admin", "")]
#[case("wordpress", "/blog/wp-login.php", "")]
#[case("wordpress", "/wp-json/wp/v2/posts", "")]
#[case("wordpress", "/xmlrpc.php", "")]
#[case("wordpress", "/cart/", "")]
#[case("wordpress", "/shop/checkout/order-received/7/", "")]
#[case("wordpress", "/?p=7&preview=true", "")]
#[case("wordpress", "/?s=salt", "")]
#[case("wordpress", "/rye/?unapproved=7&moderation-hash=abc", "")]
#[case("wordpress", "/rye/?add-to-cart=7", "")]
#[case("wagtail", "/", "sessionid=a")]
#[case("wagtail", "/admin/", "")]
#[case("wagtail", "/django-admin/auth/", "")]
#[case("wagtail", "/documents/7/plan.pdf", "")]
#[case("wagtail", "/search/?query=salt", "")]
#[case("django", "/", "sessionid=a")]
#[case("django", "/", "messages=a")]
#[case("django", "/admin/", "")]
#[case("django", "/accounts/login/", "")]
#[case("drupal", "/", "SSESS0123=a")]
#[case("django", "/de/accounts/login/", "")]
#[case("django", "/", "django_language=de")]
#[case("wagtail", "/en/search/?query=salt", "")]
#[case("wordpress", "/shop/", "aelia_cs_selected_currency=USD")]
#[case("drupal", "/de/user/login", "")]
#[case("drupal", "/", "SESS0123=a")]
#[case("drupal", "/user/login", "")]
#[case("drupal", "/index.php/admin/content", "")]
#[case("drupal", "/node/7/edit", "")]
#[case("drupal", "/node/7?_wrapper_format=drupal_ajax", "")]
fn what_is_one_visitors_bypasses(#[case] name: &str, #[case] path: &str, #[case] cookie: &str) {
    assert!(bypasses(&preset(name), path, cookie));
}

#[rstest]
#[case("wordpress", "/carter/", "_ga=1; wp-settings-time-1=7; PHPSESSID=a")]
#[case("wordpress", "/2026/11/wp-admin-explained/", "")]
#[case("wordpress", "/?p=7", "")]
#[case("wordpress", "/wp-content/uploads/a.jpg", "")]
#[case("wagtail", "/administration/", "csrftoken=a")]
#[case("wagtail", "/searching/", "")]
#[case("django", "/blog/2026/admin/", "csrftoken=a")]
#[case("drupal", "/users-guide", "_ga=1")]
#[case("drupal", "/node/7", "")]
#[case("static", "/admin/index.html", "sessionid=a")]
fn what_is_for_all_does_not(#[case] name: &str, #[case] path: &str, #[case] cookie: &str) {
    assert!(!bypasses(&preset(name), path, cookie));
}

#[test]
fn a_site_s_own_rules_go_before_the_preset() {
    let own = r#"[{"path":"/news/**","ttl":30},{"path":"/cart/**","cache":"force","ttl":5}]"#;
    let rules = Rules::parse_before(own, rules_of("wordpress").unwrap()).unwrap();
    let ttl = |path| {
        let ruled = rules.ruled(&key(path), StatusCode::OK, &HeaderMap::new());
        ruled.forced.and_then(|forced| forced.ttl)
    };
    assert_eq!((ttl("/news/a"), ttl("/a")), (Some(30), Some(600)));
    assert!(bypasses(&rules, "/basket", ""));
}

#[test]
fn a_rule_that_takes_the_force_of_a_preset_is_refused_with_its_number_there() {
    let own = r#"[{"cache":"forever"}]"#;
    let faults = Rules::parse_before(own, rules_of("django").unwrap()).unwrap_err();
    assert_eq!(
        faults[0].to_string(),
        "rule 1 of the preset: cache is \"bypass\" and never counts: rule 1 decides first for the same paths. \
         Leave cache out of that rule, as the preset says it, or give it conditions"
    );
}

#[test]
fn an_own_bypass_that_never_counts_is_refused_with_what_to_do() {
    let own = r#"[{"path":"/a/**","cache":"origin"},{"path":"/a/b","cache":"bypass"}]"#;
    let faults = Rules::parse_before(own, rules_of("django").unwrap()).unwrap_err();
    assert_eq!(
        faults[0].to_string(),
        "rule 2: cache is \"bypass\" and never counts: rule 1 decides first for the same paths. Move this rule \
         before it"
    );
}

#[test]
fn an_unknown_preset_is_refused_with_those_that_there_are_and_nothing_is_cached() {
    let config = crate::config::read(&[("PRESET", "joomla"), ("SKEW", "7")]).unwrap();
    assert_eq!(
        config.rules.unwrap_err().to_string(),
        "the setting PRESET is none of django, drupal, static, wagtail, wordpress, so no page is cached"
    );
}
