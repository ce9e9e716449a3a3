//! Sends the requests of a class through the simulated world, and counts those that the origin gets.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;

use super::traffic::{Needs, Traffic, Visit};
use crate::histories::dice::Dice;
use crate::world::{At, World};

/// Visits of a section that are counted apart: it is new.
const FIRST: usize = 100;
/// Between two visits, in milliseconds: some ten a second.
const BETWEEN: u64 = 100;

/// What came of the visits after the first of each section.
#[derive(Default)]
pub struct Count {
    pub visits: usize,
    /// Requests that the origin has to get.
    pub needed: usize,
    /// Requests that it got.
    pub asked: usize,
    /// How many more it would get at least, if all visits of a section had the same order.
    pub either_order: usize,
    pub isolates: usize,
    pub needed_at_first: usize,
    pub asked_at_first: usize,
}

/// What a section needed: fills, and answers for one visitor.
#[derive(Default)]
struct Section {
    visits: usize,
    fills: usize,
    passes: usize,
}

pub fn of(traffic: Traffic, requests: usize) -> Count {
    let (world, mut dice) = (World::new(1), Dice::new(1));
    let (mut count, mut isolates) = (Count::default(), BTreeSet::new());
    let mut sections: BTreeMap<&str, Section> = BTreeMap::new();
    let mut filled = BTreeSet::new();
    for number in 0..requests {
        let visit = traffic(number, requests, &mut dice);
        let section = sections.entry(visit.section).or_default();
        section.visits += 1;
        let is_new = section.visits <= FIRST;
        let needed = match &visit.needs {
            Needs::Fill(variant) => filled.insert((visit.path.clone(), *variant)),
            Needs::Pass => true,
        };
        let asked = asked(&world, &visit);
        if is_new {
            count.needed_at_first += usize::from(needed);
            count.asked_at_first += asked;
            continue;
        }
        count.visits += 1;
        count.needed += usize::from(needed);
        count.asked += asked;
        isolates.insert(visit.isolate);
        match visit.needs {
            Needs::Fill(_) => section.fills += usize::from(needed),
            Needs::Pass => section.passes += 1,
        }
    }
    count.isolates = isolates.len();
    count.either_order = sections.values().map(|section| section.fills.min(section.passes)).sum();
    count
}

/// How many requests the origin gets because of a visit, those behind the visitor's back with them.
fn asked(world: &World, visit: &Visit) -> usize {
    world.origin.set(&visit.path, visit.page.clone());
    let fields: Vec<(&str, &str)> =
        visit.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let at = At { centre: 0, isolate: visit.isolate };
    let seen = world.finish(world.ask(at, Method::GET, &visit.path, &fields, None));
    assert_eq!(seen.status, 200);
    world.wait(BETWEEN);
    world.origin.requests.take().len()
}
