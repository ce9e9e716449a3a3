//! A failing history, as short as leaving actions out can make it.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::invariants::Broken;
use super::plan::Plan;
use super::stage;

/// Tries of leaving something out.
const TRIES_MOST: usize = 600;

/// What broke, in the shortest history that was found, and how to see it again.
pub fn told(plan: &Plan) -> String {
    let (_, broken) = stage::run(plan, |_| true);
    let Some(broken) = broken else {
        return "it did not fail again: the run is not deterministic".to_owned();
    };
    let kept = shortest(plan, &broken);
    let (_, last) = stage::run(plan, |at| kept.contains(&at));
    let last = last.unwrap_or(broken);
    let mut text = format!("\nbroken: {}\n{}\n\n", last.invariant, last.how);
    let _ = writeln!(text, "{} of {} actions are left:", kept.len(), plan.actions.len());
    let _ = write!(text, "{}", listed(plan, &kept));
    let _ = write!(text, "\nnpm run sim -- --seed {} --keep {}\n", plan.seed, written(&kept));
    text
}

/// Leaves out halves, quarters, … while the same invariant breaks.
fn shortest(plan: &Plan, broken: &Broken) -> BTreeSet<usize> {
    let breaks = |kept: &BTreeSet<usize>| {
        let (_, again) = stage::run(plan, |at| kept.contains(&at));
        again.is_some_and(|again| again.invariant == broken.invariant)
    };
    let mut kept: BTreeSet<usize> = (0..plan.actions.len()).collect();
    let (mut part, mut tries) = (kept.len().div_ceil(2), 0);
    while part > 0 && tries < TRIES_MOST {
        let mut from = 0;
        let mut was_shortened = false;
        while from < kept.len() && tries < TRIES_MOST {
            tries += 1;
            let less: BTreeSet<usize> = kept
                .iter()
                .enumerate()
                .filter(|(at, _)| !(from..from + part).contains(at))
                .map(|(_, number)| *number)
                .collect();
            if breaks(&less) {
                kept = less;
                was_shortened = true;
            } else {
                from += part
            }
        }
        if !was_shortened || part > 1 {
            part /= 2;
        }
    }
    kept
}

pub fn listed(plan: &Plan, kept: &BTreeSet<usize>) -> String {
    let mut text = format!("{:?}\n", plan.shape);
    for at in kept {
        let action = &plan.actions[*at];
        let _ = writeln!(text, "{:>8} ms  {:?}", action.at, action.what);
    }
    text
}

/// `3,17,42-50`.
fn written(kept: &BTreeSet<usize>) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for at in kept {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *at => *last = *at,
            _ => ranges.push((*at, *at)),
        }
    }
    let words = ranges.iter().map(|(first, last)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    });
    words.collect::<Vec<_>>().join(",")
}

/// What [`written`] wrote; `all` is everything.
pub fn parse(text: &str, count: usize) -> BTreeSet<usize> {
    if text == "all" {
        return (0..count).collect();
    }
    let number = |text: &str| text.parse::<usize>().expect("numbers, as in 3,17,42-50");
    text.split(',')
        .flat_map(|word| match word.split_once('-') {
            Some((first, last)) => number(first)..number(last) + 1,
            None => number(word)..number(word) + 1,
        })
        .filter(|at| *at < count)
        .collect()
}
