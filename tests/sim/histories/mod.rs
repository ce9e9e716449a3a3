//! Random histories, and the invariants that hold in each of them.
//!
//! A seed is one history: a world (`plan::Shape`), what happens in it (`plan::Action`), and who goes
//! on at each await. What must hold is in `watch`. A history that breaks something is shortened by
//! leaving actions out, and printed with the command that replays it.
//!
//! `npm run sim -- --requests N --seed S` runs as many as it takes.

pub mod dice;
mod guises;
mod plan;
mod posts;
mod privacy;
mod report;
mod shared_cache;
mod shorten;
mod site;
mod stage;
mod stale_window;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use plan::Plan;
use report::Report;

/// Visits of one history, about.
const VISITS: usize = 250;

/// `SIM_REQUESTS` simulated requests from `SIM_SEED` on, or one history of it that `SIM_KEEP` names.
#[test]
fn hold_in_random_histories() {
    let setting = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let number = |name: &str, otherwise: u64| {
        setting(name).map_or(otherwise, |text| text.parse().expect("a number"))
    };
    let (seed, requests) = (number("SIM_SEED", 1), number("SIM_REQUESTS", 4_000));
    if let Some(kept) = setting("SIM_KEEP") {
        return replay(seed, &kept);
    }
    let until = match (setting("SIM_GO_ON"), setting("SIM_UNTIL")) {
        (Some(_), _) => Until::Enough,
        (None, Some(invariant)) => Until::Broken(invariant),
        (None, None) => Until::AnyBroken,
    };
    let (report, broken) = run(seed, requests, number("SIM_THREADS", 2), &until);
    println!("{report}");
    for (invariant, seeds) in &broken {
        println!(
            "broken: {invariant}, by {} histories: {:?}",
            seeds.len(),
            seeds.iter().take(8).collect::<Vec<_>>()
        );
    }
    assert!(broken.is_empty() || setting("SIM_TERSE").is_none());
    if let Some(seed) = broken.values().flatten().min() {
        panic!("{}", shorten::told(&Plan::of(*seed, VISITS)));
    }
}

/// The seeds that broke each invariant.
type BrokenBy = BTreeMap<&'static str, BTreeSet<u64>>;

fn replay(seed: u64, kept: &str) {
    let plan = Plan::of(seed, VISITS);
    let kept = shorten::parse(kept, plan.actions.len());
    let (_, broken) = stage::run(&plan, |at| kept.contains(&at));
    println!("{}", shorten::listed(&plan, &kept));
    if let Some(broken) = broken {
        panic!("{}: {}", broken.invariant, broken.how);
    }
}

/// When the histories end before there were enough requests.
enum Until {
    AnyBroken,
    /// This invariant is.
    Broken(String),
    /// They go on.
    Enough,
}

impl Until {
    fn is_reached_by(&self, broken: &str) -> bool {
        match self {
            Until::AnyBroken => true,
            Until::Broken(invariant) => broken == invariant,
            Until::Enough => false,
        }
    }
}

/// Histories from `seed` on, on so many threads, until there were enough requests or `until`.
fn run(seed: u64, requests: u64, threads: u64, until: &Until) -> (Report, BrokenBy) {
    let (next, done, found) = (AtomicU64::new(seed), AtomicU64::new(0), AtomicBool::new(false));
    let total = Mutex::new((Report::default(), BrokenBy::new()));
    let work = || {
        while done.load(Ordering::Relaxed) < requests && !found.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let (report, broken) = stage::run(&Plan::of(seed, VISITS), |_| true);
            done.fetch_add(report.requests, Ordering::Relaxed);
            let mut total = total.lock().unwrap();
            total.0.add(report);
            if let Some(broken) = broken {
                found.fetch_or(until.is_reached_by(broken.invariant), Ordering::Relaxed);
                total.1.entry(broken.invariant).or_default().insert(seed);
            }
        }
    };
    std::thread::scope(|scope| {
        (0..threads).for_each(|_| drop(scope.spawn(work)));
    });
    total.into_inner().unwrap()
}
