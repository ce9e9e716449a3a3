//! The coordinator, and data centres that it holds together.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::coordinator::ledger::{Ledger, RowChange};
use edge_isr::coordinator::shard::{Shard, ShardReply, ShardRequest};
use edge_isr::coordinator::wire;
use edge_isr::platform::CoordinatorError;
use edge_isr::platform::kv::KvEntry;
use edge_isr::policy::key::CacheKey;
use edge_isr::policy::tag::Tag;

use http::Method;

use crate::counter::Counter;
use crate::executor::Executor;
use crate::origin::Page;
use crate::seeds;
use crate::world::{At, Pending, World};

/// The Durable Objects: each shard's ledger, and its rows.
pub struct SimCoordinator {
    executor: Rc<Executor>,
    ledgers: RefCell<BTreeMap<String, Ledger>>,
    rows: RefCell<BTreeMap<String, BTreeMap<String, String>>>,
    /// Milliseconds there, and as many back.
    pub takes: Cell<u64>,
    pub fails: Cell<bool>,
    pub hangs: Cell<bool>,
    pub asks: Counter,
}

impl SimCoordinator {
    pub fn new(executor: &Rc<Executor>) -> Rc<SimCoordinator> {
        Rc::new(SimCoordinator {
            executor: executor.clone(),
            ledgers: RefCell::default(),
            rows: RefCell::default(),
            takes: Cell::new(20),
            fails: Cell::default(),
            hangs: Cell::default(),
            asks: Counter::default(),
        })
    }

    pub async fn answer(
        &self,
        shard: Shard,
        ask: &ShardRequest,
    ) -> Result<ShardReply, CoordinatorError> {
        self.asks.add();
        let wire = ask.to_string();
        self.travel().await;
        if self.hangs.get() {
            self.executor.sleep(Duration::from_secs(1000)).await;
        }
        if self.fails.get() {
            return Err(CoordinatorError("overloaded".to_owned()));
        }
        let wire = self.at(&shard.to_string(), wire::parse_request(&wire).unwrap());
        self.travel().await;
        Ok(wire::parse_reply(&wire).unwrap())
    }

    async fn travel(&self) {
        self.executor.turn().await;
        self.executor.sleep(Duration::from_millis(self.takes.get())).await;
    }

    fn at(&self, name: &str, ask: ShardRequest) -> String {
        let (mut ledgers, mut rows) = (self.ledgers.borrow_mut(), self.rows.borrow_mut());
        let rows = rows.entry(name.to_owned()).or_default();
        let now = self.executor.now();
        let ledger = ledgers.entry(name.to_owned()).or_insert_with(|| {
            let (ledger, changes) = Ledger::restored(rows.clone(), now);
            apply(rows, changes);
            ledger
        });
        let (answer, changes) = ledger.answer(ask, now);
        apply(rows, changes);
        answer.to_string()
    }

    /// The objects are gone from memory, as after a deploy; their rows are not.
    pub fn evict(&self) {
        self.ledgers.borrow_mut().clear();
    }

    pub fn rows(&self) -> usize {
        self.rows.borrow().values().map(BTreeMap::len).sum()
    }

    /// What is written under the first key that begins so, without its end.
    pub fn row_of(&self, prefix: &str) -> Option<String> {
        let rows = self.rows.borrow();
        let (_, row) = rows.values().flatten().find(|(key, _)| key.starts_with(prefix))?;
        Some(row.split_once(' ')?.1.to_owned())
    }

    pub fn shards(&self) -> Vec<String> {
        self.rows.borrow().keys().cloned().collect()
    }
}

fn apply(rows: &mut BTreeMap<String, String>, changes: Vec<RowChange>) {
    for change in changes {
        match change {
            RowChange::Put { key, value } => rows.insert(key, value),
            RowChange::Delete { key } => rows.remove(&key),
        };
    }
}

const FAR: At = At { centre: 1, isolate: 0 };

fn world(seed: u64) -> World {
    with(seed, &[])
}

fn with(seed: u64, settings: &[(&str, &str)]) -> World {
    let mut world = World::with(seed, settings);
    world.coordinator = Some(SimCoordinator::new(&world.executor));
    world
}

fn coordinator(world: &World) -> Rc<SimCoordinator> {
    world.coordinator.clone().unwrap()
}

fn crowd(world: &World, path: &str, count: usize) -> Vec<Pending> {
    let at = |number| At { centre: number % 2, isolate: number / 2 % 2 };
    (0..count).map(|number| world.ask(at(number), Method::GET, path, &[], None)).collect()
}

/// KV shows what is under `key` nowhere until it is given back.
fn hide(world: &World, key: &str) -> KvEntry {
    world.kv.values.borrow_mut().remove(key).expect("it was written")
}

fn show(world: &World, key: &str, entry: KvEntry) {
    world.kv.values.borrow_mut().insert(key.to_owned(), entry);
}

#[test]
fn a_crowd_on_a_cold_page_all_over_the_world_costs_one_origin_request_at_a_time() {
    // The second is slower than any bound on polling, and quicker than a lease.
    for renders_in in [300, 19_000] {
        seeds(|seed| {
            let world = world(seed);
            world.origin.set("/a", Page::new("one").fresh(600, 600).renders_in(renders_in));
            let asked = crowd(&world, "/a", 40);
            world.wait(120_000);
            assert!(asked.iter().all(|asked| asked.seen().text == "one"));
            assert_eq!((world.origin.most_at_once.get(), world.origin.take("/a")), (1, 2));
            assert_eq!(coordinator(&world).rows(), 0, "all leases were given back");
        });
    }
}

#[test]
fn without_a_coordinator_there_is_one_a_data_centre() {
    let world = World::new(1);
    world.origin.set("/a", Page::new("one").fresh(600, 600).renders_in(300));
    crowd(&world, "/a", 40);
    world.wait(5_000);
    assert!(world.origin.most_at_once.get() >= 2);
}

#[test]
fn visitors_who_come_whenever_they_like_never_make_two_origin_requests_at_once() {
    seeds(|seed| {
        let world = world(seed);
        let random = |most: u64| world.executor.random() % most;
        coordinator(&world).takes.set(random(200));
        for (path, fresh) in [("/a", 1), ("/b", 0)] {
            let page = Page::new(path).fresh(fresh, random(3)).tags("t").etag("\"1\"");
            world.origin.set(path, page.renders_in(random(900)));
        }
        let mut asked = Vec::new();
        for _ in 0..60 {
            // Two pages may be asked for at once; one may not.
            let path = if random(2) == 0 { "/a" } else { "/b" };
            let at = At { centre: random(2) as usize, isolate: random(2) as usize };
            asked.push(world.ask(at, Method::GET, path, &[], None));
            world.wait(random(400));
            if random(10) == 0 {
                coordinator(&world).evict();
            }
            if random(20) == 0 {
                let mode = if random(2) == 0 { "soft" } else { "hard" };
                let purge = serde_json::json!({ "tags": ["t"], "mode": mode }).to_string();
                world.start_control(at, &purge);
            }
        }
        world.wait(120_000);
        assert!(asked.iter().all(|asked| asked.seen().status == 200));
        assert_eq!(world.origin.most_at_once.get(), 1);
    });
}

#[test]
fn a_stale_page_is_revalidated_in_one_data_centre_at_a_time_and_shown_meanwhile() {
    seeds(|seed| {
        let world = world(seed);
        world.origin.set("/a", Page::new("old").fresh(60, 600));
        world.get("/a");
        world.get_at(FAR, "/a");
        world.wait(61_000);
        world.origin.set("/a", Page::new("new").fresh(60, 600).renders_in(1_500));
        coordinator(&world).asks.take();
        for _ in 0..100 {
            for at in [At::default(), FAR] {
                assert_eq!(world.get_at(at, "/a").text, "old");
            }
            world.wait(10);
        }
        // Each began once, and who was refused waits for its turn.
        let asks = coordinator(&world).asks.take();
        assert!(asks <= 8, "{asks} asks for 200 visitors");
        for _ in 0..10 {
            world.wait(500);
            world.get("/a");
            world.get_at(FAR, "/a");
        }
        assert_eq!(
            (world.get("/a").text, world.get_at(FAR, "/a").text),
            ("new".into(), "new".into())
        );
        assert_eq!(world.origin.most_at_once.get(), 1);
    });
}

#[test]
fn a_holder_that_died_blocks_the_others_no_longer_than_its_lease() {
    seeds(|seed| {
        let world = world(seed);
        let page = Page::new("one").fresh(60, 600).renders_in(19_000);
        world.origin.set("/a", page);
        world.start("/a");
        world.wait(1_000);
        world.executor.end(|_| true);
        coordinator(&world).evict();
        world.origin.take("/a");
        let start = world.executor.now();
        let asked: Vec<Pending> =
            (0..10).map(|_| world.ask(FAR, Method::GET, "/a", &[], None)).collect();
        world.wait(120_000);
        let first = asked.iter().map(|asked| asked.seen().at).min().unwrap();
        let waited = first.since(start).as_secs();
        assert!((54 + 19..=56 + 19).contains(&waited), "a lease lives 55 s; it took {waited} s");
        // Those who wait in an isolate wait on while the one who asks for all of them waits.
        assert!(asked.iter().all(|asked| asked.seen().at == first && asked.seen().text == "one"));
        assert_eq!(world.origin.take("/a"), 1);
    });
}

#[test]
fn nobody_waits_much_longer_than_a_lease_lives() {
    let world = world(1);
    let there = coordinator(&world);
    let key = CacheKey::parse("https://site.test/a").unwrap();
    let (shard, slot) = (Shard::of_slot(&key.slot(), 1), key.slot().name().to_owned());
    let life = Duration::from_secs(3600);
    world.executor.spawn(0, async move {
        let claim = ShardRequest::Claim { slot, token: 1, life, waited: false, tags: vec![] };
        there.answer(shard, &claim).await.unwrap();
    });
    world.wait(100);
    world.origin.set("/a", Page::new("one").fresh(60, 600));
    let start = world.executor.now();
    let seen = world.get("/a");
    assert!(seen.cache().ends_with("; stored; detail=coordinator-overdue"), "{}", seen.cache());
    assert!((55..=60).contains(&seen.at.since(start).as_secs()));
}

#[test]
fn an_object_that_was_evicted_has_forgotten_no_lease() {
    seeds(|seed| {
        let world = world(seed);
        world.origin.set("/a", Page::new("one").fresh(60, 600).renders_in(2_000));
        let asked = crowd(&world, "/a", 4);
        for _ in 0..20 {
            world.wait(250);
            coordinator(&world).evict();
        }
        world.wait(5_000);
        assert!(asked.iter().all(|asked| asked.seen().text == "one"));
        assert_eq!((world.origin.most_at_once.get(), world.origin.take("/a")), (1, 2));
    });
}

#[test]
fn a_failure_is_shared_by_the_data_centre_that_waited_for_it() {
    seeds(|seed| {
        let world = world(seed);
        world.origin.set("/a", Page { renders_in: 300, ..Page::unreachable() });
        let asked = crowd(&world, "/a", 40);
        world.wait(2_500);
        assert!(asked.iter().all(|asked| asked.seen().status == 502));
        assert_eq!(world.origin.take("/a"), 1);
        world.origin.set("/a", Page::new("well").fresh(60, 60));
        assert_eq!(world.get_at(FAR, "/a").text, "well");
    });
}

#[test]
fn an_uncacheable_page_does_not_make_the_world_stand_in_a_queue() {
    seeds(|seed| {
        let world = world(seed);
        let page = Page::new("mine").with("cache-control", "private").renders_in(2_000);
        world.origin.set("/a", page);
        let start = world.executor.now();
        let first = world.start("/a");
        world.wait(100);
        let second = world.ask(FAR, Method::GET, "/a", &[], None);
        world.wait(3_500);
        // It has learned by itself that nobody need wait; a third would ask at once as well.
        assert_eq!(coordinator(&world).row_of("l/").as_deref(), Some("ended uncacheable"));
        world.wait(5_000);
        assert_eq!((first.seen().text, second.seen().text), ("mine".into(), "mine".into()));
        assert!(second.seen().at.since(start).as_millis() <= 5_200);
    });
}

#[test]
fn a_purge_that_kv_does_not_show_yet_is_recognised_when_the_page_would_be_refilled() {
    for mode in ["soft", "hard"] {
        for shards in ["1", "5"] {
            let slot = CacheKey::parse("https://site.test/a").unwrap().slot();
            let (lease, tag) =
                (Shard::of_slot(&slot, 5), Shard::of_tag(&Tag::origin("a").unwrap(), 5));
            assert_ne!(lease, tag, "choose another number");
            seeds(|seed| {
                let world = with(seed, &[("COORDINATOR_SHARDS", shards)]);
                let page = |text, tag| {
                    Page::new(text).with("cache-control", "s-maxage=60").tags("a").etag(tag)
                };
                world.origin.set("/a", page("old", "\"1\""));
                world.get_at(FAR, "/a");
                world.wait(61_000);
                world.origin.take("/a");
                // The same validator: a comparison with it would show the old page again.
                world.origin.set("/a", page("new", "\"1\""));
                assert_eq!(world.purge(mode, &["a"]).status, 200);
                let key = if mode == "soft" { "p/s/a" } else { "p/h/a" };
                let record = hide(&world, key);
                let seen = world.get_at(FAR, "/a");
                let asked = world.origin.requests.borrow()[0].headers.contains_key("if-none-match");
                let (purged, text) = (mode == "hard", seen.text.as_str());
                assert_eq!((asked, text), (!purged, if purged { "new" } else { "old" }));
                show(&world, key, record);
                world.wait(11_000);
                assert_eq!(world.origin.take("/a"), 1);
                let seen = world.get_at(FAR, "/a");
                assert!(seen.cache().starts_with("hit; ttl=4"), "fresh at once: {}", seen.cache());
                assert_eq!(world.origin.take("/a"), 0);
            });
        }
    }
}

#[test]
fn a_stale_page_is_refilled_behind_the_visitor_in_knowledge_of_the_purge() {
    seeds(|seed| {
        let world = world(seed);
        let page = |text| Page::new(text).fresh(60, 600).tags("a").etag("\"1\"");
        world.origin.set("/a", page("old"));
        world.get_at(FAR, "/a");
        world.wait(61_000);
        world.origin.set("/a", page("new"));
        world.purge("hard", &["a"]);
        let record = hide(&world, "p/h/a");
        assert_eq!(
            world.get_at(FAR, "/a").text,
            "old",
            "KV shows nothing yet, and a hit asks nobody"
        );
        world.wait(500);
        show(&world, "p/h/a", record);
        world.wait(11_000);
        world.origin.take("/a");
        let seen = world.get_at(FAR, "/a");
        assert_eq!(seen.text, "new");
        assert!(seen.cache().starts_with("hit; ttl=4"), "{}", seen.cache());
        assert_eq!(world.origin.take("/a"), 0);
    });
}

/// Why a record is published once it is confirmed, and not when it is stamped.
#[test]
fn a_record_whose_write_lands_on_a_later_one_does_not_hide_it() {
    seeds(|seed| {
        let world = world(seed);
        let page = |text: &str| {
            let page = Page::new(text).with("cache-control", "s-maxage=60").tags("a");
            page.etag(&format!("\"{text}\""))
        };
        world.origin.set("/a", page("zero"));
        world.get_at(FAR, "/a");
        world.wait(61_000);
        world.origin.set("/a", page("one"));
        world.kv.write_takes.set(3_000);
        world.start_control(At::default(), r#"{"tags":["a"]}"#);
        world.wait(500);
        assert_eq!(world.get_at(FAR, "/a").text, "one");
        world.origin.set("/a", page("two"));
        world.kv.write_takes.set(0);
        let other = At { centre: 0, isolate: 1 };
        assert_eq!(world.purge_at(other, "soft", &["a"]).status, 200);
        world.wait(12_000);
        assert_eq!(world.get_at(FAR, "/a").text, "two");
    });
}

#[test]
fn a_purge_that_kv_refused_is_not_published() {
    let world = world(1);
    world.kv.writes_fail.set(100);
    assert_eq!(world.purge("hard", &["a"]).status, 503);
    assert_eq!(coordinator(&world).asks.take(), 0);
}

#[test]
fn a_hit_asks_nobody() {
    seeds(|seed| {
        let world = world(seed);
        world.origin.set("/a", Page::new("one").fresh(60, 600).tags("a"));
        world.get("/a");
        assert_eq!(coordinator(&world).asks.take(), 2, "a claim and a release");
        for _ in 0..50 {
            assert!(world.get("/a").cache().starts_with("hit"));
            world.wait(1_000);
        }
        world.get_with("/a", &[("cookie", "sessionid=1")]);
        assert_eq!(coordinator(&world).asks.take(), 0);
    });
}

#[test]
fn one_that_does_not_answer_costs_one_short_wait_and_the_data_centres_lease_serves() {
    for hangs in [true, false] {
        seeds(|seed| {
            let world = world(seed);
            let there = coordinator(&world);
            there.hangs.set(hangs);
            there.fails.set(!hangs);
            for path in ["/a", "/b", "/c", "/e"] {
                world.origin.set(path, Page::new("one").fresh(600, 600).renders_in(300));
            }
            let stored = "fwd=uri-miss; fwd-status=200; stored; detail=coordinator-unavailable";
            let time = |path| {
                let start = world.executor.now();
                let seen = world.get(path);
                assert_eq!((seen.text.as_str(), seen.cache()), ("one", stored));
                seen.at.since(start).as_millis()
            };
            let first = time("/a");
            assert!((300..=1_400).contains(&first), "{first} ms");
            assert!(time("/b") <= 305, "nobody asks again so soon");
            assert!(world.get("/a").cache().starts_with("hit"));
            let start = world.executor.now();
            assert_eq!(world.purge("soft", &["x"]).status, 200);
            assert!(world.executor.now().since(start).as_millis() <= 10, "nor does a purge wait");
            let told =
                world.log.borrow().iter().filter(|line| line.contains("the coordinator")).count();
            assert_eq!(told, 1, "{:?}", world.log.borrow());
            // One request to the origin a data centre, as without it.
            let asked = crowd(&world, "/c", 40);
            world.wait(5_000);
            assert!(asked.iter().all(|asked| asked.seen().text == "one"));
            assert!(world.origin.take("/c") <= 4);
            // One that makes people wait is left alone for longer.
            if hangs {
                assert!(time("/e") <= 305);
            }
            // And it is asked again once it answers.
            there.hangs.set(false);
            there.fails.set(false);
            world.wait(10_000);
            world.origin.set("/d", Page::new("one").fresh(600, 600));
            assert_eq!(world.get("/d").cache(), "fwd=uri-miss; fwd-status=200; stored");
        });
    }
}

#[test]
fn one_that_stops_answering_while_a_data_centre_waits_ends_the_waiting() {
    seeds(|seed| {
        let world = world(seed);
        world.origin.set("/a", Page::new("slow").fresh(60, 600).renders_in(19_000));
        world.start("/a");
        world.wait(1_000);
        let waiting = world.ask(FAR, Method::GET, "/a", &[], None);
        world.wait(1_000);
        world.origin.set("/a", Page::new("one").fresh(60, 600));
        coordinator(&world).hangs.set(true);
        world.wait(3_000);
        let seen = waiting.seen();
        assert!(seen.cache().ends_with("detail=coordinator-unavailable"), "{}", seen.cache());
    });
}

#[test]
fn a_lease_is_given_back_though_the_coordinator_failed_for_another_page() {
    seeds(|seed| {
        let world = world(seed);
        world.origin.set("/a", Page::new("one").fresh(60, 600).renders_in(2_000));
        world.start("/a");
        world.wait(1_500);
        coordinator(&world).fails.set(true);
        assert!(world.get("/b").cache().ends_with("detail=coordinator-unavailable"));
        coordinator(&world).fails.set(false);
        world.wait(1_000);
        assert_eq!(coordinator(&world).rows(), 0);
    });
}

#[test]
fn leases_and_records_are_spread_over_the_shards() {
    let world = with(1, &[("COORDINATOR_SHARDS", "4")]);
    for number in 0..20 {
        let path = format!("/{number}");
        world.origin.set(&path, Page::new("one").fresh(60, 600).tags("a, b"));
        world.get(&path);
        world.purge("soft", &[&format!("t{number}")]);
    }
    let shards: Vec<String> = (0..4).map(|number| format!("shard-{number}-of-4")).collect();
    assert_eq!(coordinator(&world).shards(), shards);
}
