//! Each test is named after what one visitor could once do to others: their headers change what the
//! origin answers, and the answer reached others, or took from them what was theirs.

use http::Method;

use crate::seeds;
use crate::world::origin::Page;
use crate::world::{At, Pending, Seen, World};

const BROWSER: (&str, &str) = ("user-agent", "Mozilla/5.0");
const EVIL: (&str, &str) = ("x-probe", "../etc/passwd");
const LANGUAGE: (&str, &str) = ("accept-language", "de");

fn good() -> Page {
    Page::new("good").with("cache-control", "public, s-maxage=60, stale-if-error=6000")
}

/// What an origin may answer to a request that it takes for an attack, or for a known user's.
fn refusals() -> Vec<Page> {
    let page = || Page::new("theirs").with("cache-control", "max-age=600");
    vec![
        page().status(403),
        page().status(401).with("www-authenticate", "Basic"),
        page().status(302).with("location", "/login"),
        page().status(400),
        page().status(404),
        Page::new("theirs").with("cache-control", "private"),
        Page::new("theirs").with("cache-control", "no-store"),
        page().with("set-cookie", "seen=1"),
        page().status(500),
        Page::unreachable(),
    ]
}

fn with(world: &World, path: &str, headers: &[(&str, &str)]) -> Pending {
    world.ask(At::default(), Method::GET, path, headers, None)
}

/// Thirty visitors: every other has a cookie.
fn thirty(world: &World) -> Vec<Seen> {
    let cookie = |number: i32| ("cookie", ["theme=dark", "_ga=1"][number as usize % 2]);
    let asked: Vec<Pending> =
        (0..30).map(|number| with(world, "/a", &[BROWSER, cookie(number)])).collect();
    world.wait(5_000);
    asked.iter().map(Pending::seen).collect()
}

#[test]
fn a_visitor_deletes_the_shared_page() {
    for refusal in refusals() {
        for window in ["", ", stale-while-revalidate=600"] {
            let world = World::new(1);
            let control = format!("public, s-maxage=60, stale-if-error=6000{window}");
            let page = Page::new("good").with("cache-control", &control);
            world.origin.set("/a", page.but_where(EVIL.0, "passwd", refusal.clone()));
            world.get("/a");
            world.wait(61_000);
            assert_eq!(world.get_with("/a", &[BROWSER, EVIL]).text, "good");
            world.wait(61_000);
            world.origin.set("/a", Page::unreachable());
            assert!(thirty(&world).iter().all(|seen| seen.text == "good"), "{}", refusal.status);
        }
    }
}

#[test]
fn a_visitor_keeps_a_cold_page_from_being_shared() {
    for refusal in refusals() {
        let world = World::new(1);
        world.origin.set("/a", good().but_where(EVIL.0, "passwd", refusal));
        world.get_with("/a", &[BROWSER, EVIL]);
        assert_eq!(world.get_with("/a", &[BROWSER]).text, "good");
        world.wait(100);
        world.origin.set("/a", Page::unreachable());
        assert!(thirty(&world).iter().all(|seen| seen.text == "good"));
    }
}

#[test]
fn a_wrong_language_for_every_visitor() {
    for (cookie, says) in
        [("django_language=de", "vary"), ("theme=dark", "x"), ("currency=EUR", "x")]
    {
        for is_cold in [true, false] {
            let world = World::new(1);
            let page = |text| Page::new(text).fresh(60, 60).with(says, "accept-language");
            world.origin.set("/a", page("plain").but_where("cookie", cookie, page("theirs")));
            if !is_cold {
                world.get("/a");
            }
            world.get_with("/a", &[BROWSER, ("cookie", cookie)]);
            world.wait(if is_cold { 100 } else { 61_000 });
            world.get_with("/a", &[BROWSER, ("cookie", cookie)]);
            world.wait(100);
            assert_eq!(world.get_with("/a", &[BROWSER]).text, "plain");
        }
    }
}

#[test]
fn a_visitor_whose_language_is_no_variant_of_the_page_does_not_choose_it() {
    let world = World::new(1);
    let german = Page::new("deutsch").fresh(60, 60);
    world
        .origin
        .set("/a", Page::new("english").fresh(60, 60).but_where("accept-language", "de", german));
    assert_eq!(
        world.get_with("/a", &[BROWSER, LANGUAGE]).text,
        "deutsch",
        "it is their own answer"
    );
    world.wait(100);
    assert_eq!(world.get_with("/a", &[BROWSER, LANGUAGE]).text, "english");
}

#[test]
fn one_visitors_failure_for_all_waiting_requests() {
    for failure in
        [Page::new("theirs").status(500), Page::new("theirs").status(429), Page::unreachable()]
    {
        for is_cold in [true, false] {
            seeds(|seed| {
                let world = World::new(seed);
                let page = good().renders_in(300);
                let failure = failure.clone().renders_in(300);
                world.origin.set("/a", page.but_where(EVIL.0, "passwd", failure));
                if !is_cold {
                    world.get("/a");
                    world.wait(61_000);
                }
                with(&world, "/a", &[BROWSER, EVIL]);
                world.wait(5);
                let asked: Vec<Pending> = (0..20).map(|_| with(&world, "/a", &[BROWSER])).collect();
                world.wait(5_000);
                assert!(asked.iter().all(|asked| asked.seen().text == "good"));
            });
        }
    }
}

/// What three visitors of a page with sessions see who come at once: each of them their own page.
fn three_jars(world: &World) {
    let jars = ["sid=alice", "sid=bob", "_ga=1"];
    let asked = jars.map(|jar| with(world, "/a", &[BROWSER, ("cookie", jar)]));
    world.wait(5_000);
    let seen = asked.map(|asked| asked.seen().text);
    assert_eq!(seen, ["alice", "bob", "stranger"].map(str::to_owned));
}

#[test]
fn another_visitors_page_by_collapsing() {
    for control in ["no-cache", "max-age=0", "max-age=0, must-revalidate", "private"] {
        seeds(|seed| {
            let world = World::new(seed);
            let page = |name: &str| {
                let page = Page::new(name).with("cache-control", control).renders_in(300);
                page.etag(&format!("\"{name}\""))
            };
            let pages = page("stranger").but_where("cookie", "sid=alice", page("alice")).but_where(
                "cookie",
                "sid=bob",
                page("bob"),
            );
            world.origin.set("/a", pages);
            three_jars(&world);
            three_jars(&world);
            world.wait(121_000);
            three_jars(&world);
        });
    }
}

#[test]
fn a_page_to_be_validated_at_each_use_is_handed_to_no_other_visitor() {
    seeds(|seed| {
        let world = World::new(seed);
        let page = Page::new("one").with("cache-control", "no-cache").etag("\"1\"");
        world.origin.set("/a", page.renders_in(300));
        for _ in 0..2 {
            let asked: Vec<Pending> = (0..20).map(|_| with(&world, "/a", &[BROWSER])).collect();
            world.wait(5_000);
            assert!(asked.iter().all(|asked| !asked.seen().cache().contains("collapsed")));
            world.wait(121_000);
        }
    });
}

#[test]
fn the_administrators_feed() {
    let feed = |text| Page::new(text).with("cache-control", "no-cache").etag("\"the same\"");
    for first in ["admin", "stranger"] {
        let world = World::new(1);
        world.origin.set("/a", feed("public").but_where("cookie", "admin", feed("private post")));
        let ask = |who: &str| match who {
            "admin" => world.get_with("/a", &[BROWSER, ("cookie", "sid=admin")]).text,
            _ => world.get_with("/a", &[BROWSER]).text,
        };
        ask(first);
        for _ in 0..2 {
            assert_eq!(ask("admin"), "private post");
            assert_eq!(ask("stranger"), "public");
            world.wait(100);
        }
    }
}

#[test]
fn a_link_that_works_once_is_not_spent_by_the_edge() {
    for page in [
        Page::new("welcome").status(302).with("location", "/").with("set-cookie", "sid=1"),
        Page::new("welcome").with("cache-control", "no-store"),
        Page::new("welcome"),
    ] {
        let world = World::new(1);
        world.origin.set("/login?code=1", page);
        let seen = world.get_with("/login?code=1", &[BROWSER, ("cookie", "csrftoken=1")]);
        world.wait(1_000);
        assert_eq!(seen.text, "welcome");
        let requests = world.origin.requests.borrow();
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].headers["cookie"], "csrftoken=1", "it is the visitor's own");
    }
}

#[test]
fn forty_cookies_that_mean_nothing_are_one_miss() {
    for vary in ["cookie", "cookie, accept-encoding"] {
        let world = World::new(1);
        world.origin.set("/a", Page::new("one").fresh(60, 60).with("vary", vary));
        for number in 0..40 {
            let jar = format!("_ga=GA1.1.{number}; _gid={number}");
            assert_eq!(world.get_with("/a", &[("cookie", &jar)]).text, "one");
        }
        assert_eq!(world.origin.take("/a"), 1);
        let seen = world.get_with("/a", &[("cookie", "_ga=1; sid=1")]);
        assert_eq!(seen.cache(), "fwd=bypass; detail=cookie");
    }
}

#[test]
fn a_field_too_long_to_be_compared_takes_the_place_of_none() {
    let long = "de,".repeat(4_000);
    for is_cold in [true, false] {
        let world = World::new(1);
        let page = |text| Page::new(text).fresh(60, 60).with("vary", "accept-language");
        world.origin.set("/a", page("plain").but_where("accept-language", "de", page("deutsch")));
        if !is_cold {
            world.get("/a");
        }
        let seen = world.get_with("/a", &[BROWSER, ("accept-language", &long)]);
        assert!(is_cold || seen.cache().contains("detail=oversized"), "{}", seen.cache());
        world.wait(100);
        assert_eq!(world.get_with("/a", &[BROWSER]).text, "plain");
        assert_eq!(world.get_with("/a", &[BROWSER, LANGUAGE]).text, "deutsch");
        assert_eq!(world.get_with("/a", &[BROWSER]).text, "plain");
    }
}

#[test]
fn a_page_has_so_many_variants_and_each_at_its_second_request() {
    let world = World::with(1, &[("VARIANTS_MAX", "4")]);
    let mut page = Page::new("in ").fresh(600, 60).with("vary", "accept-language");
    page.varies = Some("accept-language".to_owned());
    world.origin.set("/a", page);
    world.get("/a");
    let ask = |number: u64| {
        let language = format!("x-{number}");
        let seen = world.get_with("/a", &[("accept-language", &language)]);
        assert_eq!(seen.text, format!("in x-{number}"));
        seen.cache().to_owned()
    };
    for number in 0..4 {
        assert_eq!(ask(number), "fwd=vary-miss; fwd-status=200");
        assert_eq!(ask(number), "fwd=vary-miss; fwd-status=200; stored");
        assert!(ask(number).starts_with("hit"));
    }
    for number in 4..40 {
        ask(number);
        assert!(ask(number).ends_with("detail=variants"));
    }
    assert!(ask(0).starts_with("hit"), "those that have a place keep it");
    assert!(world.get("/a").cache().starts_with("hit"));
}
