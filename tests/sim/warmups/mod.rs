//! Warmups: pages are fetched before a visitor asks for them.

mod losses;
mod pace;
mod races;

use std::rc::Rc;

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::journal::SimJournal;
use crate::world::kv::SimKv;
use crate::world::origin::Page;
use crate::world::warmups::SimWarmups;
use crate::world::{At, Seen, TOKEN, World};

/// The isolate of the Worker that the object calls.
const OBJECTS: At = At { centre: 0, isolate: 7 };
/// A data centre that has never seen a page.
const COLD: At = At { centre: 1, isolate: 0 };

const EVERYTHING: &str = r#"{"everything":true,"warm":true}"#;

fn world() -> World {
    with(1, &[])
}

fn with(seed: u64, settings: &[(&str, &str)]) -> World {
    let base = [("RULES", r#"[{"path":"/**","plain":true}]"#), ("WARM_PER_SECOND", "50")];
    let mut world = World::with(seed, &[&base, settings].concat());
    world.pages = Some(Rc::new(SimKv::default()));
    world.journal = Some(SimJournal::new(&world));
    world.warmups = Some(SimWarmups::new(&world, OBJECTS));
    world
}

impl World {
    fn object(&self) -> &SimWarmups {
        self.warmups.as_ref().unwrap()
    }

    fn control_at(&self, at: At, method: Method, path: &str, body: Option<&str>) -> Seen {
        let token = format!("Bearer {TOKEN}");
        let path = format!("/edge-isr/{path}");
        self.finish(self.ask(at, method, &path, &[("authorization", &token)], body))
    }

    /// Starts a job, and returns its id.
    fn warm(&self, body: &Value) -> String {
        let seen = self.control_at(At::default(), Method::POST, "warm", Some(&body.to_string()));
        assert_eq!(seen.status, 202, "{}", seen.text);
        let report: Value = serde_json::from_str(&seen.text).unwrap();
        report["id"].as_str().unwrap().to_owned()
    }

    /// Sends a purge, and waits for the end of its warmup.
    fn purge_warmed(&self, body: &str) -> Value {
        let receipt: Value = serde_json::from_str(&self.control(At::default(), body).text).unwrap();
        self.ended(receipt["warmup"]["job"].as_str().unwrap())
    }

    fn warm_urls(&self, paths: &[&str]) -> String {
        let urls: Vec<String> =
            paths.iter().map(|path| format!("https://site.test{path}")).collect();
        self.warm(&json!({ "urls": urls }))
    }

    fn job(&self, id: &str) -> Value {
        let seen = self.control_at(At::default(), Method::GET, &format!("jobs/{id}"), None);
        serde_json::from_str(&seen.text).unwrap()
    }

    /// Waits for the end of a job, and returns its report.
    fn ended(&self, id: &str) -> Value {
        for _ in 0..2_000 {
            let report = self.job(id);
            if report["done_at"].is_string() {
                return report;
            }
            self.wait(500);
        }
        panic!("the job has not ended: {}", self.job(id));
    }
}

/// The counts of a report: stored, unchanged, fresh, uncacheable, failed, skipped.
fn counts(report: &Value) -> [u64; 6] {
    ["stored", "unchanged", "fresh", "uncacheable", "failed", "skipped"]
        .map(|name| report[name].as_u64().unwrap())
}

fn page(text: &str) -> Page {
    Page::new(text).fresh(600, 600).tags("t")
}

#[test]
fn a_page_that_was_warmed_is_a_hit_everywhere_without_a_request_to_the_origin() {
    let world = world();
    world.origin.set("/a", page("one"));
    let report = world.ended(&world.warm_urls(&["/a"]));
    assert_eq!((counts(&report), &report["state"]), ([1, 0, 0, 0, 0, 0], &json!("done")));
    assert_eq!(world.origin.requests.borrow()[0].headers["x-edge-isr-warmup"], "1");
    assert_eq!(world.origin.take("/a"), 1);
    assert_eq!(world.get_at(OBJECTS, "/a").cache(), "hit; ttl=599");
    assert_eq!(world.get_at(COLD, "/a").text, "one");
    assert_eq!(world.origin.take("/a"), 0);
}

#[test]
fn a_url_that_is_named_twice_counts_once() {
    let world = world();
    world.origin.set("/a", page("one"));
    let report = world.ended(&world.warm_urls(&["/a", "/b/../a", "/a"]));
    assert_eq!((counts(&report), world.origin.take("/a")), ([1, 0, 0, 0, 0, 0], 1));
}

#[test]
fn a_fresh_page_costs_the_origin_nothing() {
    let world = world();
    world.origin.set("/a", page("one"));
    world.get_at(OBJECTS, "/a");
    world.origin.take("/a");
    let report = world.ended(&world.warm_urls(&["/a"]));
    assert_eq!((counts(&report), world.origin.take("/a")), ([0, 0, 1, 0, 0, 0], 0));
}

#[test]
fn a_page_that_another_data_centre_put_into_the_tier_costs_the_origin_nothing() {
    let world = world();
    world.origin.set("/a", page("one"));
    world.get_at(COLD, "/a");
    world.wait(1_000);
    world.origin.take("/a");
    let report = world.ended(&world.warm_urls(&["/a"]));
    assert_eq!((counts(&report), world.origin.take("/a")), ([0, 0, 1, 0, 0, 0], 0));
}

#[test]
fn a_stale_page_is_validated_and_its_copy_in_the_tier_is_fresh_again() {
    let world = world();
    world.origin.set("/a", page("one").etag("\"1\""));
    world.get_at(OBJECTS, "/a");
    world.wait(700_000);
    world.origin.take("/a");
    let report = world.ended(&world.warm_urls(&["/a"]));
    assert_eq!(counts(&report), [0, 1, 0, 0, 0, 0]);
    let conditions = world.origin.requests.borrow()[0].headers.get("if-none-match").cloned();
    assert_eq!(conditions.unwrap(), "\"1\"");
    world.origin.take("/a");
    assert!(world.get_at(COLD, "/a").cache().starts_with("hit; ttl=59"));
    assert_eq!(world.origin.take("/a"), 0);
}

#[test]
fn a_page_with_a_query_enters_the_graph_and_the_tier_at_its_first_store() {
    let world = world();
    world.origin.set("/a?x=1", page("one"));
    world.ended(&world.warm_urls(&["/a?x=1"]));
    assert_eq!(world.urls_of_tag("t"), ["https://site.test/a?x=1"]);
    assert_eq!(world.pages.as_ref().unwrap().writes.take(), 1);
}

#[test]
fn a_warmup_writes_when_the_budgets_of_visitors_are_spent() {
    let world = with(1, &[("VISITOR_WRITES_PER_DAY", "0")]);
    world.origin.set("/a", page("one"));
    world.ended(&world.warm_urls(&["/a"]));
    assert_eq!(world.urls_of_tag("t"), ["https://site.test/a"]);
}

#[test]
fn a_page_that_may_not_be_shared_is_reported_and_asked_for_once() {
    let world = world();
    world.origin.set("/a", Page::new("mine").with("cache-control", "private"));
    let report = world.ended(&world.warm_urls(&["/a"]));
    assert_eq!((counts(&report), world.origin.take("/a")), ([0, 0, 0, 1, 0, 0], 1));
    assert_eq!(report["failures"][0]["reason"], "private");
}

#[test]
fn a_page_that_fails_is_tried_three_times() {
    let world = world();
    world.origin.set("/a", Page::new("no").status(500));
    let report = world.ended(&world.warm_urls(&["/a"]));
    assert_eq!((counts(&report), world.origin.take("/a")), ([0, 0, 0, 0, 1, 0], 3));
    assert_eq!(report["failures"][0]["reason"], "the origin answered 500");
}

#[test]
fn a_purge_with_warm_names_its_job_and_its_pages_are_new_everywhere() {
    let world = world();
    world.origin.set("/a", page("one"));
    world.get("/a");
    world.wait(5_000);
    world.origin.set("/a", page("two"));
    let seen = world.control(At::default(), r#"{"tags":["t"],"warm":true}"#);
    let receipt: Value = serde_json::from_str(&seen.text).unwrap();
    let id = receipt["warmup"]["job"].as_str().unwrap();
    assert_eq!(id, receipt["id"]);
    let report = world.ended(id);
    assert_eq!((counts(&report), &report["asked_by"]), ([1, 0, 0, 0, 0, 0], &json!("purge")));
    world.origin.take("/a");
    assert_eq!(world.get_at(COLD, "/a").text, "two");
    assert_eq!(world.origin.take("/a"), 0);
    let found = world.control_at(At::default(), Method::GET, &format!("purges/{id}"), None);
    let found: Value = serde_json::from_str(&found.text).unwrap();
    assert_eq!((&found["warmup"]["state"], &found["warmup"]["job"]), (&json!("done"), &json!(id)));
}

#[test]
fn a_purge_stands_when_its_warmup_cannot_start() {
    let world = world();
    world.origin.set("/a", page("one"));
    world.get("/a");
    world.object().fails.set(true);
    let seen = world.control(At::default(), r#"{"tags":["t"],"warm":true}"#);
    let receipt: Value = serde_json::from_str(&seen.text).unwrap();
    assert_eq!(seen.status, 200);
    assert!(receipt["warmup"]["failed"].as_str().unwrap().contains("overloaded"));
    assert!(world.get("/a").cache().contains("ttl=-"));
}

#[test]
fn with_the_setting_each_purge_is_warmed_unless_it_says_otherwise() {
    let world = with(1, &[("WARM_PURGED", "true")]);
    let warmup = |body: &str| {
        let seen = world.control(At::default(), body);
        serde_json::from_str::<Value>(&seen.text).unwrap()["warmup"].clone()
    };
    assert!(warmup(r#"{"tags":["t"]}"#).is_object());
    assert!(warmup(r#"{"tags":["t"],"warm":false}"#).is_null());
}

#[test]
fn a_purge_of_a_prefix_or_of_everything_warms_what_the_tier_has() {
    for (body, warmed) in [(r#"{"prefixes":["/a"],"warm":true}"#, 1), (EVERYTHING, 2)] {
        let world = world();
        for path in ["/a", "/b"] {
            world.origin.set(path, page("one"));
            world.get_at(OBJECTS, path);
        }
        world.wait(1_000);
        assert_eq!(counts(&world.purge_warmed(body)), [warmed, 0, 0, 0, 0, 0]);
    }
}

#[test]
fn without_the_tier_a_purge_of_everything_stands_and_its_job_says_why_nothing_is_warmed() {
    let mut world = world();
    world.pages = None;
    let report = world.purge_warmed(EVERYTHING);
    assert_eq!(counts(&report), [0, 0, 0, 0, 0, 1]);
    assert!(report["failures"][0]["reason"].as_str().unwrap().contains("bind PAGES"), "{report}");
}

#[test]
fn pages_of_a_sitemap_and_of_its_nested_ones_are_warmed() {
    let world = world();
    let urls = |paths: &[&str]| {
        let urls =
            paths.iter().map(|path| format!("<url><loc>https://site.test{path}</loc></url>"));
        format!("<urlset>{}</urlset>", urls.collect::<String>())
    };
    let index = "<sitemapindex><sitemap><loc>https://site.test/1.xml</loc></sitemap>\
                 <sitemap><loc>https://other.test/2.xml</loc></sitemap></sitemapindex>";
    world.origin.set("/index.xml", Page::new(index));
    world.origin.set("/1.xml", Page::new(&urls(&["/a", "/b", "/a"])));
    world.origin.set("/a", page("a"));
    world.origin.set("/b", page("b"));
    let id = world.warm(&json!({ "sitemaps": ["https://site.test/index.xml"] }));
    let report = world.ended(&id);
    assert_eq!(counts(&report), [2, 0, 0, 0, 0, 1]);
    assert_eq!((world.origin.take("/a"), world.origin.take("/b")), (1, 1));
    assert!(report["failures"][0]["reason"].as_str().unwrap().contains("other.test"));
}

#[rstest]
#[case::a_prefix(json!({ "prefixes": ["/blog/"] }), &["/blog", "/blog/a", "/blog/b"])]
#[case::a_host(json!({ "hosts": ["site.test"] }), &["/blog", "/blog/a", "/blog/b", "/blogs"])]
#[case::everything(json!({ "everything": true }), &["/blog", "/blog/a", "/blog/b", "/blogs"])]
#[case::nothing(json!({ "prefixes": ["/none"] }), &[])]
fn what_a_selector_names_is_warmed_as_the_tier_has_it(
    #[case] what: Value,
    #[case] warmed: &[&str],
) {
    let world = world();
    let paths = ["/blog", "/blog/a", "/blog/b", "/blogs"];
    for path in paths {
        world.origin.set(path, page("one"));
        world.get(path);
        // A page with variants counts once.
        world.origin.set(path, page("one").with("vary", "accept-language"));
    }
    world.wait(601_000);
    for (path, language) in paths.iter().flat_map(|path| [(path, "de"), (path, "fr")]) {
        world.get_with(path, &[("accept-language", language)]);
    }
    world.wait(601_000);
    for path in paths {
        world.origin.take(path);
    }
    let report = world.ended(&world.warm(&what));
    assert_eq!(report["asked"], warmed.len(), "{report}");
    assert_eq!(counts(&report)[..2].iter().sum::<u64>(), warmed.len() as u64, "{report}");
    for path in paths {
        assert_eq!(world.origin.take(path) == 1, warmed.contains(&path), "{path}");
    }
}

#[test]
fn a_page_whose_url_does_not_fit_beside_its_entry_is_kept_and_not_listed() {
    let world = world();
    let long = format!("/{}", "x".repeat(1500));
    for path in [long.as_str(), "/a"] {
        world.origin.set(path, page("one"));
        world.get(path);
    }
    world.wait(1_000);
    assert_eq!(world.ended(&world.warm(&json!({ "everything": true })))["asked"], 1);
    world.origin.take(&long);
    assert_eq!((world.get_at(COLD, &long).text, world.origin.take(&long)), ("one".to_owned(), 0));
}

#[test]
fn without_the_tier_no_prefix_is_warmed_and_the_job_says_why() {
    let mut world = world();
    world.pages = None;
    let body = json!({ "prefixes": ["/blog"] }).to_string();
    let seen = world.control_at(At::default(), Method::POST, "warm", Some(&body));
    assert_eq!(seen.status, 422);
    assert!(seen.text.contains("bind PAGES"), "{}", seen.text);
}

#[test]
fn a_stopped_job_fetches_nothing_more() {
    let world = with(1, &[("WARM_PER_SECOND", "1"), ("WARM_AT_ONCE", "1")]);
    let paths: Vec<String> = (0..20).map(|number| format!("/{number}")).collect();
    paths.iter().for_each(|path| world.origin.set(path, page("x")));
    let id = world.warm_urls(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    world.wait(5_500);
    let seen = world.control_at(At::default(), Method::DELETE, &format!("jobs/{id}"), None);
    let report: Value = serde_json::from_str(&seen.text).unwrap();
    assert_eq!(report["state"], "stopped");
    world.wait(1_500);
    let requests = world.origin.requests.borrow().len();
    world.wait(60_000);
    assert_eq!(world.origin.requests.borrow().len(), requests);
    assert!((5..=7).contains(&requests), "{requests}");
    let rows = world.object().rows();
    assert!(!rows.keys().any(|key| key.starts_with("pages/")), "{rows:?}");
}
