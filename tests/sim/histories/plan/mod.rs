//! What happens in a history, drawn from its seed: a world, and a list of actions with their times.
//!
//! The list is drawn before anything runs, so that a failing history can be shortened by leaving
//! actions out.

mod actions;
mod draw;
mod journal;
mod shape;

use crate::histories::dice::Dice;

pub use actions::{Action, By, Edit, Manner, Nature, NewVersion, Posting, Visiting, What};
pub use journal::{JournalShape, ObjectFault};
pub use shape::{PageShape, Says, Shape};

use draw::Draw;

/// Where the site stands.
pub const HOST: &str = "site.test";

pub struct Plan {
    pub seed: u64,
    pub shape: Shape,
    pub actions: Vec<Action>,
}

impl Plan {
    /// The history of a seed, with about so many visits.
    pub fn of(seed: u64, visits: usize) -> Plan {
        let mut dice = Dice::new(seed);
        let has_rules = seed % 4 == 3;
        let shape = Shape { has_rules, ..Shape::draw(&mut dice) };
        let mut actions = Draw::new(&mut dice, &shape).draw(visits);
        if seed.is_multiple_of(3) {
            warmups(&mut Dice::new(!seed), &shape, &mut actions);
        }
        actions.sort_by_key(|action| action.at);
        Plan { seed, shape, actions }
    }
}

/// Adds warmups: some while and after a page is purged, and some at any time.
fn warmups(dice: &mut Dice, shape: &Shape, actions: &mut Vec<Action>) {
    let mut warmed = Vec::new();
    for Action { at, what } in actions.iter() {
        let (page, waits) = match what {
            What::Edit(edit) if dice.of_ten(6) => (edit.page, edit.purge_after + dice.below(3_000)),
            What::Visit(visiting) if dice.below(40) == 0 => (visiting.page, dice.below(1_000)),
            _ => continue,
        };
        let centre = dice.below(shape.centres as u64) as usize;
        let isolate = dice.below(shape.isolates as u64) as usize;
        warmed.push(Action { at: at + waits, what: What::Warm { centre, isolate, page } });
    }
    actions.extend(warmed);
}
