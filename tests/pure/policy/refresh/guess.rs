use edge_isr::policy::key::CacheKey;
use edge_isr::policy::refresh::guess::{Order, Section, Sections};
use edge_isr::policy::time::Time;
use http::header::HeaderName;
use rstest::rstest;

fn key(path: &str) -> CacheKey {
    CacheKey::parse(&format!("https://site.test{path}")).unwrap()
}

#[rstest]
#[case("/blog/a", "/blog/b", true)]
#[case("/blog/2026/05/a", "/blog/2026/06/b", true)]
#[case("/a", "/b", true)]
#[case("/blog/a", "/account/a", false)]
#[case("/blog/a", "/blog/a?code=1", false)]
#[case("/blog/a?page=1", "/blog/b?page=2", true)]
#[case("/login/a", "/login/mail/token", false)]
#[case("/blog/a/", "/blog/b/", true)]
#[case("/blog/a/", "/blog/b", true)]
#[case("/a/", "/", true)]
#[case("/login/", "/login/mail/token/", false)]
#[case("/shop/17/reviews", "/shop/18/reviews", true)]
#[case("/shop/17/reviews/", "/shop/18/offers/", true)]
#[case("/shop/17/reviews", "/shop/hats/reviews", false)]
#[case("/shop/17", "/shop/18/reviews", false)]
fn pages_of_a_section_share_folders_and_parameters(
    #[case] one: &str,
    #[case] other: &str,
    #[case] same: bool,
) {
    assert_eq!(Section::of(&key(one)) == Section::of(&key(other)), same);
}

#[test]
fn an_unknown_page_is_asked_for_with_the_visitors_own_request_first() {
    assert_eq!(Sections::default().order(Section::of(&key("/a/b")), &[], Time(0)), Order::OwnFirst);
}

#[test]
fn a_section_whose_pages_were_stored_is_asked_for_plainly_for_a_day() {
    let mut sections = Sections::default();
    sections.stored(&key("/a/b"), &[], &[], Time(0));
    let order = |at| sections.order(Section::of(&key("/a/c")), &[], Time(at));
    assert_eq!(order(1), Order::PlainFirst);
    assert_eq!(order(25 * 60 * 60 * 1000), Order::OwnFirst);
}

#[test]
fn one_page_that_is_not_for_all_turns_a_section_round_and_two_that_are_turn_it_back() {
    let mut sections = Sections::default();
    let section = Section::of(&key("/a/b"));
    sections.stored(&key("/a/b"), &[], &[], Time(0));
    sections.refused(&key("/a/c"), false, Time(1));
    assert_eq!(sections.order(section, &[], Time(2)), Order::OwnFirst);
    sections.stored(&key("/a/b"), &[], &[], Time(3));
    assert_eq!(sections.order(section, &[], Time(4)), Order::OwnFirst);
    sections.stored(&key("/a/d"), &[], &[], Time(5));
    assert_eq!(sections.order(section, &[], Time(6)), Order::PlainFirst);
}

/// How often the wrong request comes first, if pages turn out as `is_stored` says. Where the own one
/// comes first, nothing is heard of a page that is not for all.
fn wrong_guesses(
    sections: &mut Sections,
    is_stored: impl Fn(usize) -> bool,
    pages: usize,
) -> usize {
    let page = key("/a/b");
    let mut wrong = 0;
    for number in 0..pages {
        let now = Time(number as i64);
        let is_plain = sections.order(Section::of(&page), &[], now) == Order::PlainFirst;
        wrong += usize::from(is_plain != is_stored(number));
        match is_stored(number) {
            true => sections.stored(&page, &[], &[], now),
            false if is_plain => sections.refused(&page, false, now),
            false => {}
        }
    }
    wrong
}

#[test]
fn a_section_with_a_few_pages_for_all_costs_little_more_than_own_requests_first() {
    let of_ten = wrong_guesses(&mut Sections::default(), |number| number % 10 == 0, 10_000);
    assert!(of_ten <= 1_100, "{of_ten} of 1000 at best");
}

#[test]
fn a_section_with_a_few_pages_not_for_all_stays_plain() {
    let of_ten = wrong_guesses(&mut Sections::default(), |number| number % 10 != 0, 10_000);
    assert!(of_ten <= 1_010, "{of_ten} of 1000 at best");
}

#[test]
fn a_guess_changes_as_fast_in_an_old_section_as_in_a_new_section() {
    let mut sections = Sections::default();
    wrong_guesses(&mut sections, |number| number % 10 == 0, 1000);
    assert!(wrong_guesses(&mut sections, |_| true, 1000) <= 17);
    assert!(wrong_guesses(&mut sections, |_| false, 1000) <= 4);
    assert!(wrong_guesses(&mut sections, |_| true, 1000) <= 2);
}

#[test]
fn a_refusal_that_misled_no_visitor_does_not_end_the_pause() {
    let mut sections = Sections::default();
    let (page, section) = (key("/a/b"), Section::of(&key("/a/b")));
    sections.refused(&page, true, Time(0));
    sections.refused(&page, false, Time(4_999));
    assert_eq!(sections.order(section, &[], Time(4_999)), Order::OwnOnly);
    assert_eq!(sections.order(section, &[], Time(5_000)), Order::OwnFirst);
}

#[test]
fn a_page_that_misleads_keeps_its_section_plain_while_most_are_stored() {
    let mut sections = Sections::default();
    for number in 0..3 {
        sections.stored(&key("/a/b"), &[], &[], Time(number));
    }
    sections.refused(&key("/a/c"), true, Time(4));
    assert_eq!(sections.order(Section::of(&key("/a/b")), &[], Time(5)), Order::PlainFirst);
}

#[test]
fn plain_requests_that_follow_in_vain_become_rare() {
    let mut sections = Sections::default();
    let (page, section) = (key("/a/b"), Section::of(&key("/a/b")));
    let mut paused_until = Vec::new();
    let mut now = 0;
    for _ in 0..12 {
        sections.refused(&page, true, Time(now));
        assert_eq!(sections.order(section, &[], Time(now + 1)), Order::OwnOnly);
        while sections.order(section, &[], Time(now)) == Order::OwnOnly {
            now += 1000;
        }
        paused_until.push(now);
    }
    let pauses: Vec<i64> = paused_until.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(pauses.is_sorted() && *pauses.last().unwrap() == 60 * 60 * 1000, "{pauses:?}");
}

#[test]
fn an_unknown_section_is_suspected_to_vary_as_its_host_does() {
    let language = [HeaderName::from_static("accept-language")];
    let mut sections = Sections::default();
    sections.stored(&key("/a/b"), &language, &[], Time(0));
    assert_eq!(sections.varies(&key("/c/d")), language);
    sections.stored(&key("/c/x"), &[], &[], Time(1));
    assert!(sections.varies(&key("/c/d")).is_empty());
    assert_eq!(sections.varies(&key("/a/x")), language);
}

#[test]
fn sections_are_bounded_and_the_oldest_is_forgotten() {
    let mut sections = Sections::default();
    for number in 0..10_000 {
        sections.stored(&key(&format!("/s{number}/p")), &[], &[], Time(number));
    }
    let order =
        |number| sections.order(Section::of(&key(&format!("/s{number}/q"))), &[], Time(10_000));
    assert_eq!(order(0), Order::OwnFirst);
    assert_eq!(order(9_999), Order::PlainFirst);
}

#[test]
fn a_field_that_browsers_do_not_send_is_tried_with_the_visitors_own_request_once() {
    let app = [HeaderName::from_static("x-app-version"), HeaderName::from_static("user-agent")];
    let mut sections = Sections::default();
    let (page, section) = (key("/a/b"), Section::of(&key("/a/b")));
    sections.stored(&page, &[], &[], Time(0));
    assert_eq!(sections.order(section, &app, Time(1)), Order::OwnFirst);
    sections.stored(&page, &[], &app, Time(2));
    assert_eq!(sections.order(section, &app, Time(3)), Order::PlainFirst);
    // Unless pages turn out to vary by it: then it is carried.
    sections.stored(&page, &app[..1], &app, Time(4));
    assert_eq!(sections.order(section, &app, Time(5)), Order::PlainFirst);
    sections.stored(&page, &[], &[], Time(6));
    assert_eq!(sections.order(section, &app, Time(7)), Order::OwnFirst);
}

#[test]
fn names_that_a_visitor_makes_up_are_remembered_only_while_they_are_short() {
    let named = |length: usize| HeaderName::try_from("x".repeat(length)).unwrap();
    let mut sections = Sections::default();
    let (page, section) = (key("/a/b"), Section::of(&key("/a/b")));
    sections.stored(&page, &[], &[named(64), named(65)], Time(0));
    assert_eq!(sections.order(section, &[named(64)], Time(1)), Order::PlainFirst);
    assert_eq!(sections.order(section, &[named(65)], Time(1)), Order::OwnFirst);
    sections.stored(&page, &[named(65)], &[], Time(2));
    assert!(sections.varies(&page).is_empty());
}

fn named(names: &[&'static str]) -> Vec<HeaderName> {
    names.iter().map(|name| HeaderName::from_static(name)).collect()
}

#[test]
fn fields_that_browsers_send_need_no_request_of_their_own() {
    let mut sections = Sections::default();
    let (page, section) = (key("/a/b"), Section::of(&key("/a/b")));
    sections.stored(&page, &[], &[], Time(0));
    let order = |names: &[&'static str]| sections.order(section, &named(names), Time(1));
    assert_eq!(order(&["user-agent", "sec-fetch-mode", "cf-ray", "save-data"]), Order::PlainFirst);
    assert_eq!(order(&["user-agent", "x-app"]), Order::OwnFirst);
}

#[test]
fn a_stored_page_speaks_for_its_section_until_a_day_is_over() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let mut sections = Sections::default();
    sections.stored(&key("/a/b"), &[], &[], Time(0));
    let order = |at| sections.order(Section::of(&key("/a/c")), &[], Time(at));
    assert_eq!(order(DAY - 1), Order::PlainFirst);
    assert_eq!(order(DAY), Order::OwnFirst);
}

#[test]
fn a_field_that_turned_out_harmless_stays_so_and_eight_of_them_are_remembered() {
    let names: Vec<HeaderName> =
        (0..9).map(|number| HeaderName::try_from(format!("x-{number}")).unwrap()).collect();
    let mut sections = Sections::default();
    let (page, section) = (key("/a/b"), Section::of(&key("/a/b")));
    sections.stored(&page, &[], &names[..8], Time(0));
    sections.stored(&page, &[], &[], Time(1));
    assert_eq!(sections.order(section, &names[..8], Time(2)), Order::PlainFirst);
    sections.stored(&page, &[], &names[8..], Time(2));
    assert_eq!(sections.order(section, &names[8..], Time(3)), Order::OwnFirst);
}

/// As many sections as are remembered: those of so many pages, and that of their host.
fn full() -> Sections {
    let mut sections = Sections::default();
    for number in 0..2047 {
        sections.stored(&key(&format!("/s{number}/p")), &[], &[], Time(number));
    }
    sections
}

fn is_known(sections: &Sections, number: i64) -> bool {
    let section = Section::of(&key(&format!("/s{number}/p")));
    sections.order(section, &[], Time(3_000)) == Order::PlainFirst
}

#[test]
fn a_further_section_takes_the_place_of_the_half_that_was_not_heard_of_for_longest() {
    let mut sections = full();
    sections.stored(&key("/new/p"), &[], &[], Time(3_000));
    assert!(!is_known(&sections, 0) && !is_known(&sections, 1024));
    assert!(is_known(&sections, 1025) && is_known(&sections, 2046));
}

#[test]
fn a_known_section_takes_no_place_of_another() {
    let mut sections = full();
    sections.stored(&key("/s7/q"), &[], &[], Time(3_000));
    assert!((0..2047).all(|number| is_known(&sections, number)));
}
