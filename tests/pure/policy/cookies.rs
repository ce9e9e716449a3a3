use edge_isr::policy::cookies::{CookieNames, IGNORED, LOGINS, has, is_of_load_balancer};
use proptest::prelude::*;
use rstest::rstest;

fn telling(field: &str, ignored: &CookieNames) -> Option<String> {
    edge_isr::policy::cookies::telling(field, &|name| ignored.matches(name))
}

fn names(names: &[&str]) -> CookieNames {
    CookieNames::parse(names).unwrap()
}

#[rstest]
#[case("sessionid")]
#[case("wordpress_logged_in_5d41402abc4b2a76b9719d911017c592")]
#[case("wp-postpass_5d41402abc4b2a76b9719d911017c592")]
#[case("comment_author_email_5d41402abc4b2a76b9719d911017c592")]
#[case("woocommerce_items_in_cart")]
#[case("wp_woocommerce_session_5d41402abc4b2a76b9719d911017c592")]
#[case("remember_user_token")]
#[case("remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d")]
#[case("next-auth.session-token")]
#[case("__Secure-next-auth.session-token.0")]
#[case("authjs.session-token")]
#[case("__Secure-authjs.session-token.1")]
#[case(".AspNetCore.Identity.Application")]
#[case(".AspNetCore.CookiesC1")]
#[case(".ASPXAUTH")]
#[case("sb-abcdefghijklmnop-auth-token.0")]
#[case("__prerender_bypass")]
#[case("__next_preview_data")]
#[case("SESS5d41402abc4b2a76b9719d911017c592")]
#[case("SSESS5d41402abc4b2a76b9719d911017c592")]
#[case("__session")]
#[case("better-auth.session_token")]
#[case("__Secure-better-auth.session_token")]
#[case("ghost-members-ssr")]
#[case("cart")]
fn a_known_login_cookie_counts_as_a_login(#[case] name: &str) {
    assert!(names(LOGINS).matches(name));
    assert!(!names(IGNORED).matches(name));
}

#[rstest]
#[case("PHPSESSID")]
#[case("laravel_session")]
#[case("JSESSIONID")]
#[case("connect.sid")]
#[case("session")]
#[case("theme")]
#[case("django_language")]
fn a_cookie_that_any_visitor_may_have_is_no_login_and_is_not_ignored(#[case] name: &str) {
    assert!(!names(LOGINS).matches(name));
    assert!(!names(IGNORED).matches(name));
}

#[rstest]
#[case("_ga")]
#[case("_ga_ABCDEF1234")]
#[case("__utmz")]
#[case("_hjSessionUser_123")]
#[case("_pk_id.1.1fff")]
#[case("OptanonConsent")]
#[case("csrftoken")]
#[case("XSRF-TOKEN")]
#[case("wordpress_test_cookie")]
#[case("AWSALBCORS")]
#[case("ARRAffinitySameSite")]
#[case("__cf_bm")]
fn a_cookie_of_analytics_consent_or_a_load_balancer_is_ignored(#[case] name: &str) {
    assert!(names(IGNORED).matches(name));
    assert!(!names(LOGINS).matches(name));
}

#[rstest]
#[case(&["a"], "a", true)]
#[case(&["a"], "A", false)]
#[case(&["a"], "ab", false)]
#[case(&["a*"], "a", true)]
#[case(&["a*"], "ab", true)]
#[case(&["a*"], "b", false)]
#[case(&["ab*", "a*", "b"], "ac", true)]
#[case(&["ab*", "ac", "b*"], "ad", false)]
#[case(&["*"], "anything", true)]
#[case(&["*"], "", true)]
#[case(&[], "a", false)]
fn names_match_exactly_or_by_their_beginning(
    #[case] list: &[&str],
    #[case] name: &str,
    #[case] expected: bool,
) {
    assert_eq!(names(list).matches(name), expected);
}

#[rstest]
#[case("_ga=1", None)]
#[case("_ga=1; _ga_2=3", None)]
#[case("", None)]
#[case(" ; ;, ", None)]
#[case("_ga=1;theme=dark;  a=b=c ", Some("theme=dark; a=b=c"))]
#[case("b=1; a=2; b=3", Some("b=1; a=2; b=3"))]
#[case("_ga=1, _ga=2", None)]
// A comma is a part of a value, or parts two cookies: what is not sure to mean nothing stays as it is.
#[case("_ga=1, theme=dark; _ga=2", Some("_ga=1, theme=dark"))]
#[case("basket=1,2", Some("basket=1,2"))]
#[case("_gax=1", Some("_gax=1"))]
#[case("_GA=1", Some("_GA=1"))]
#[case("_ga", None)]
#[case("a=_ga", Some("a=_ga"))]
#[case("_ga =1", None)]
#[case("=_ga", Some("=_ga"))]
fn what_is_left_of_a_cookie_field(#[case] field: &str, #[case] expected: Option<&str>) {
    assert_eq!(telling(field, &names(&["_ga", "_ga_*"])).as_deref(), expected);
}

#[rstest]
#[case("sessionid=1", true)]
#[case("a=b; sessionid=1", true)]
#[case("a=b, sessionid=1", true)]
#[case("a=b,sessionid", true)]
#[case(" sessionid =1", true)]
#[case("\u{a0}sessionid=1", true)]
#[case("sessionid2=1; a=sessionid", false)]
#[case("", false)]
fn whether_a_cookie_is_there(#[case] field: &str, #[case] expected: bool) {
    assert_eq!(has(field, &names(&["sessionid"])), expected);
    assert!(!has(field, &names(&[])));
}

#[rstest]
#[case("AWSALB=abc; Path=/", true)]
#[case("AWSALBTGCORS=abc; Path=/; SameSite=None; Secure", true)]
#[case("ARRAffinity=abc;Path=/;HttpOnly;Domain=x", true)]
#[case("BIGipServerpool_web=1.2.3; path=/", true)]
#[case("__cf_bm=abc; path=/", true)]
#[case("__cf_bmx=abc", false)]
#[case("sessionid=AWSALB", false)]
#[case("a=1; AWSALB=2", false)]
#[case("; AWSALB=2", false)]
#[case("awsalb=1", false)]
#[case("", false)]
fn which_lines_are_a_load_balancers(#[case] line: &str, #[case] expected: bool) {
    assert_eq!(is_of_load_balancer(line), expected);
}

proptest! {
    #[test]
    fn a_list_matches_what_any_of_its_names_matches(
        list in prop::collection::vec("[ab]{0,3}[*]?", 0..6),
        name in "[ab]{0,5}",
    ) {
        let list: Vec<String> = list.into_iter().filter(|name| !name.is_empty()).collect();
        let expected = list.iter().any(|wanted| match wanted.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => *wanted == name,
        });
        prop_assert_eq!(CookieNames::parse(&list).unwrap().matches(&name), expected);
    }

    #[test]
    fn what_stands_behind_a_blank_may_be_another_cookie(value in "[a-z0-9]{0,5}") {
        let field = format!("_ga={value} sid=2");
        prop_assert_eq!(telling(&field, &names(&["_*"])), Some(field.clone()));
        prop_assert_eq!(telling(&format!("_ga={value} b"), &names(&["_*"])), None);
    }

    #[test]
    fn what_is_left_is_in_canonical_form(field in "[a_=;,]{0,40}") {
        let ignored = names(&["_*"]);
        if let Some(left) = telling(&field, &ignored) {
            prop_assert_eq!(telling(&left, &ignored), Some(left.clone()));
            for pair in left.split("; ") {
                prop_assert!(telling(pair, &ignored).as_deref() == Some(pair));
            }
        }
    }
}

#[rstest]
#[case("'", true)]
#[case("'a", true)]
#[case("a'", true)]
#[case("a'b", true)]
#[case("'a'", false)]
#[case("''", false)]
fn an_apostrophe_is_legal_and_a_name_between_two_is_quoted(
    #[case] name: &str,
    #[case] is_legal: bool,
) {
    assert_eq!(CookieNames::parse(&[name]).is_ok(), is_legal);
}
