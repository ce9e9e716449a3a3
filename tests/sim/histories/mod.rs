//! Random histories, and the invariants that hold in each of them.
//!
//! A seed is one history: a world (`plan::Shape`), what happens in it (`plan::Action`), and who goes
//! on at each await. What must hold is in `watch`. A history that breaks something is shortened by
//! leaving actions out, and printed with the command that replays it.
//!
//! `npm run sim -- --requests N --seed S` runs as many as it takes.

mod dice;
mod plan;
mod report;
mod shorten;
mod site;
mod stage;
mod watch;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use plan::Plan;
use report::Report;

/// Visits of one history, about.
const VISITS: usize = 250;

/// `SIM_REQUESTS` simulated requests from `SIM_SEED` on, or one history of it that `SIM_KEEP` names.
#[test]
fn hold_in_random_histories() {
    let setting = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let seed = setting("SIM_SEED").map_or(1, |seed| seed.parse().expect("SIM_SEED is a number"));
    if let Some(kept) = setting("SIM_KEEP") {
        return replay(seed, &kept);
    }
    let requests = setting("SIM_REQUESTS").map_or(4_000, |count| count.parse().expect("SIM_REQUESTS is a number"));
    let began = Instant::now();
    let (report, broken) = run(seed, requests);
    println!("{report}\nin {:.1} s", began.elapsed().as_secs_f64());
    if let Some(seed) = broken {
        panic!("{}", shorten::told(&Plan::of(seed, VISITS)));
    }
}

fn replay(seed: u64, kept: &str) {
    let plan = Plan::of(seed, VISITS);
    let kept = shorten::parse(kept, plan.actions.len());
    let (_, broken) = stage::run(&plan, |at| kept.contains(&at));
    println!("{}", shorten::listed(&plan, &kept));
    if let Some(broken) = broken {
        panic!("{}: {}", broken.invariant, broken.how);
    }
}

/// Histories from `seed` on, on two threads, until there were enough requests or one broke
/// something: then its seed, the lowest of those that did.
fn run(seed: u64, requests: u64) -> (Report, Option<u64>) {
    let (next, done, found) = (AtomicU64::new(seed), AtomicU64::new(0), AtomicBool::new(false));
    let total = Mutex::new((Report::default(), None));
    let work = || {
        while done.load(Ordering::Relaxed) < requests && !found.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let (report, broken) = stage::run(&Plan::of(seed, VISITS), |_| true);
            done.fetch_add(report.requests, Ordering::Relaxed);
            let mut total = total.lock().unwrap();
            total.0.add(report);
            if broken.is_some() {
                found.store(true, Ordering::Relaxed);
                total.1 = Some(total.1.map_or(seed, |before: u64| before.min(seed)));
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    total.into_inner().unwrap()
}
