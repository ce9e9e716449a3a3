//! Each test is named after what once became of a page through its origin's own doing: what it leaves
//! unsaid (`Vary`), what it says of itself (its own address, its own cache), and which visitors it refuses.

use std::time::Duration;

use http::Method;

use crate::seeds;
use crate::world::origin::Page;
use crate::world::{At, Pending, World};

const BROWSER: (&str, &str) = ("user-agent", "Mozilla/5.0");

fn fresh(text: &str) -> Page {
    Page::new(text).fresh(60, 60)
}

#[test]
fn bytes_that_a_client_cannot_read() {
    let world = World::new(1);
    let coded = fresh("coded").with("content-encoding", "gzip");
    world.origin.set("/a", fresh("plain").but_where("accept-encoding", "gzip", coded));
    let coded = ("accept-encoding", "gzip");
    for headers in [&[BROWSER, coded][..], &[BROWSER], &[BROWSER, coded], &[]] {
        let seen = world.get_with("/a", headers);
        assert_eq!(seen.text, if headers.contains(&coded) { "coded" } else { "plain" });
        world.wait(100);
    }
}

#[test]
fn what_is_meant_for_another_sites_script() {
    let world = World::new(1);
    let allowed = |origin: &str| fresh(origin).with("access-control-allow-origin", origin);
    let (shop, news) = ("https://shop.test", "https://news.test");
    let page = fresh("for its own");
    let page =
        page.but_where("origin", shop, allowed(shop)).but_where("origin", news, allowed(news));
    world.origin.set("/a", page);
    for _ in 0..3 {
        for origin in [shop, news] {
            let seen = world.get_with("/a", &[BROWSER, ("origin", origin)]);
            assert_eq!(seen.header("access-control-allow-origin"), origin);
        }
        assert_eq!(
            world.get_with("/a", &[BROWSER, ("origin", "https://site.test")]).text,
            "for its own"
        );
        assert_eq!(world.get("/a").text, "for its own");
    }
}

#[test]
fn what_a_framework_fetches_for_itself() {
    for (name, value) in
        [("rsc", "1"), ("hx-request", "true"), ("x-inertia", "true"), ("next-router-prefetch", "1")]
    {
        for is_cold in [true, false] {
            let world = World::new(1);
            world.origin.set("/a", fresh("page").but_where(name, value, fresh("payload")));
            if !is_cold {
                world.get("/a");
            }
            for _ in 0..2 {
                assert_eq!(world.get_with("/a", &[BROWSER, (name, value)]).text, "payload");
                world.wait(100);
                assert_eq!(world.get_with("/a", &[BROWSER]).text, "page", "{name}");
            }
        }
    }
}

#[test]
fn an_origin_that_refuses_the_edge_works_uncached_and_says_why() {
    // A failure counts from the second in a row on.
    for (status, says_why_from) in [(401, 1), (403, 1), (429, 2), (503, 2)] {
        let world = World::new(1);
        let refused = Page::new("no robots").status(status);
        world.origin.set("/a", refused.but_where("user-agent", "Mozilla", fresh("good")));
        for round in 0..4 {
            let seen = world.get_with("/a", &[BROWSER]);
            assert_eq!((seen.status, seen.text.as_str()), (200, "good"));
            assert!(
                round < says_why_from || seen.cache().ends_with("detail=plain-refused"),
                "{}",
                seen.cache()
            );
            world.wait(1_000);
        }
    }
}

#[test]
fn an_origin_that_refuses_the_edge_for_a_while_keeps_what_is_stored_of_it() {
    for (status, stays) in [(429, true), (503, true), (403, false), (401, false)] {
        let world = World::new(1);
        let page = || Page::new("good").with("cache-control", "s-maxage=60, stale-if-error=6000");
        world.origin.set("/a", page());
        world.get("/a");
        world.wait(61_000);
        let refused = Page::new("no robots").status(status);
        world.origin.set("/a", refused.but_where("user-agent", "Mozilla", page()));
        let seen = world.get_with("/a", &[BROWSER]);
        assert_eq!(seen.text, "good");
        assert_eq!(seen.cache().starts_with("hit"), stays, "{status}: {}", seen.cache());
        world.origin.set("/a", page());
        world.wait(121_000);
        world.get_with("/a", &[BROWSER]);
        world.wait(100);
        assert!(world.get_with("/a", &[BROWSER]).cache().starts_with("hit"));
    }
}

/// `Age`, and what a cache says that knows its copy to be stale.
const OF_A_CACHE: [(&str, &str); 3] =
    [("age", "30"), ("x-nextjs-cache", "STALE"), ("cache-status", "next; hit; ttl=-3")];

#[test]
fn a_purge_undone_by_the_origins_own_cache() {
    for (name, value) in OF_A_CACHE {
        let world = World::new(1);
        let page = |text| Page::new(text).fresh(600, 600).tags("a");
        world.origin.set("/a", page("old"));
        world.get("/a");
        world.origin.set("/a", page("old").with(name, value));
        world.purge("soft", &["a"]);
        world.get("/a");
        world.wait(100);
        // What it was answered with then is still the old page, and is not taken for fresh.
        assert!(world.get("/a").cache().contains("ttl=-"), "{name}");
        world.origin.set("/a", page("new"));
        world.wait(60_000);
        world.get("/a");
        world.wait(100);
        let seen = world.get("/a");
        assert_eq!((seen.text.as_str(), seen.cache().contains("ttl=-")), ("new", false), "{name}");
    }
}

#[test]
fn a_hard_purge_undone_by_the_origins_own_cache() {
    for (name, value) in OF_A_CACHE {
        seeds(|seed| {
            let world = World::new(seed);
            let page = |text| Page::new(text).fresh(600, 600).tags("a").renders_in(300);
            world.origin.set("/a", page("old"));
            world.get("/a");
            world.origin.set("/a", page("old").with(name, value));
            world.purge("hard", &["a"]);
            world.origin.take("/a");
            let asked: Vec<Pending> = (0..20).map(|_| world.start("/a")).collect();
            world.wait(2_000);
            // It is what the origin has to say, and they waited for it.
            assert!(asked.iter().all(|asked| asked.seen().text == "old"));
            assert!(world.origin.take("/a") <= 2, "{name}");
            world.origin.set("/a", page("new"));
            world.wait(10_000);
            world.get("/a");
            world.wait(1_000);
            assert_eq!(world.get("/a").text, "new");
        });
    }
}

#[test]
fn what_the_origins_own_cache_calls_stale_is_asked_for_again_with_pauses() {
    let world = World::new(1);
    let page = Page::new("old").fresh(600, 600).with("x-nextjs-cache", "STALE");
    world.origin.set("/a", page);
    for _ in 0..60 {
        world.get("/a");
        world.wait(1_000);
    }
    let asked = world.origin.take("/a");
    assert!((3..=20).contains(&asked), "{asked} times in a minute");
}

#[test]
fn a_redirect_to_the_url_that_was_asked_for() {
    for location in ["/a", "https://site.test/a", "http://origin.test/a", "a"] {
        let world = World::new(1);
        world.origin.set("/a", fresh("").status(301).with("location", location));
        for _ in 0..2 {
            let seen = world.get_with("/a", &[BROWSER]);
            assert_eq!(seen.status, 301);
            assert!(
                seen.cache().ends_with("detail=redirects-to-itself"),
                "{location}: {}",
                seen.cache()
            );
        }
        world.origin.set("/a", fresh("good"));
        assert_eq!(world.get_with("/a", &[BROWSER]).text, "good");
    }
}

#[test]
fn the_origins_address_in_redirects() {
    let world = World::new(1);
    for (said, shown) in [
        ("http://origin.test/account/", "https://site.test/account/"),
        ("http://ORIGIN.test:80/x?y", "https://site.test/x?y"),
        ("//origin.test/x", "https://site.test/x"),
        ("http://origin.test.evil/x", "http://origin.test.evil/x"),
        ("/account/", "/account/"),
    ] {
        world.origin.set("/a", Page::new("").status(301).with("location", said).fresh(1, 0));
        for _ in 0..2 {
            assert_eq!(world.get_with("/a", &[BROWSER]).header("location"), shown);
        }
        world.wait(130_000);
    }
    let posted = Page::new("").status(303).with("location", "http://origin.test/done");
    world.origin.set("/form", posted);
    let asked = world.ask(At::default(), Method::POST, "/form", &[BROWSER], Some("x=1"));
    assert_eq!(world.finish(asked).header("location"), "https://site.test/done");
}

#[test]
fn one_failed_cache_write_ends_collapsing_for_its_own_page_alone() {
    seeds(|seed| {
        let world = World::new(seed);
        for path in ["/a", "/b"] {
            world.origin.set(path, fresh("good").renders_in(300));
        }
        world.cache(0).refuses.set(true);
        world.get("/a");
        world.cache(0).refuses.set(false);
        let asked: Vec<Pending> = (0..20).map(|_| world.start("/b")).collect();
        world.run(Duration::from_secs(2));
        assert!(asked.iter().all(|asked| asked.seen().text == "good"));
        assert_eq!(world.origin.take("/b"), 1);
    });
}

#[test]
fn a_large_body_that_the_cache_refuses_is_no_failure() {
    seeds(|seed| {
        let world = World::new(seed);
        let text = "long".repeat(1000);
        world.origin.set("/a", fresh(&text).renders_in(300));
        world.cache(0).refuses.set(true);
        let asked: Vec<Pending> = (0..20).map(|_| world.start("/a")).collect();
        world.wait(5_000);
        assert!(asked.iter().all(|asked| asked.seen().text == text));
    });
}

#[test]
fn a_variant_that_is_stored_is_renewed_by_an_isolate_that_has_not_counted_its_requests() {
    let world = World::new(1);
    let page = |text| {
        let page = Page::new(text).fresh(60, 600).with("vary", "accept-language");
        Page { varies: Some("accept-language".to_owned()), ..page }
    };
    world.origin.set("/a", page("old "));
    let ask = |isolate, language| {
        let at = At { centre: 0, isolate };
        let headers = [("accept-language", language)];
        world.finish(world.ask(at, Method::GET, "/a", &headers, None)).text
    };
    ["fr", "de", "de"].iter().for_each(|language| drop(ask(0, language)));
    world.wait(61_000);
    world.origin.set("/a", page("new "));
    assert_eq!(ask(1, "de"), "old de");
    world.wait(100);
    assert_eq!(ask(1, "de"), "new de");
}

#[test]
fn a_variant_that_is_not_for_all_any_more_goes() {
    let world = World::new(1);
    let page = |text| Page::new(text).fresh(60, 600).with("vary", "accept-language");
    world.origin.set("/a", page("old"));
    let german = [("accept-language", "de")];
    world.get_with("/a", &german);
    world.wait(61_000);
    world.origin.set("/a", page("theirs").with("set-cookie", "a=b"));
    assert_eq!(world.get_with("/a", &german).text, "old");
    world.wait(100);
    assert_eq!(world.get_with("/a", &german).text, "theirs");
}

#[test]
fn an_unsafe_request_reaches_a_page_that_passes_while_it_is_asked_for() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("mine").with("cache-control", "private"));
    world.get("/a");
    world.cache(0).evict_all();
    world.origin.set("/a", fresh("old").renders_in(1_000));
    world.start("/a");
    world.wait(100);
    world.origin.set("/a", fresh("new"));
    world.finish(world.ask(At::default(), Method::POST, "/a", &[], Some("")));
    world.wait(2_000);
    assert_eq!(world.get("/a").text, "new");
}
