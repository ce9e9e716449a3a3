//! The purge journal of a history, and what goes wrong with it.

use crate::histories::dice::Dice;

/// The journal of a history.
#[derive(Clone, Debug)]
pub struct JournalShape {
    /// Milliseconds from the beginning until the journal is bound. Purges before that are records.
    pub bound_from: u64,
    pub is_paid: bool,
    /// The tags and modes whose newest entry the journal keeps, if they are few.
    pub room: Option<usize>,
    /// Milliseconds by which the clock of the object is ahead.
    pub ahead: i64,
    /// Milliseconds there, and as many back.
    pub takes: u64,
    /// Another environment has an object of its own on the same KV.
    pub has_other: bool,
}

/// What goes wrong with the object.
#[derive(Clone, Copy, Debug)]
pub enum ObjectFault {
    Evicted,
    /// It is gone from memory while it writes to KV.
    EvictedInWrite,
    /// It is restored to its state of so many milliseconds ago.
    Restored {
        back: u64,
    },
    Emptied,
    Fails {
        lasts: u64,
    },
    Hangs {
        lasts: u64,
    },
    Slow {
        takes: u64,
        lasts: u64,
    },
    /// So many replies are lost; what they reply to was done.
    LosesReplies {
        count: u64,
    },
    RowsFail {
        lasts: u64,
    },
}

impl JournalShape {
    pub fn draw(dice: &mut Dice, skew: u64) -> JournalShape {
        JournalShape {
            bound_from: if dice.of_ten(2) { 300_000 } else { 0 },
            is_paid: dice.of_ten(5),
            room: dice.of_ten(3).then(|| dice.one_of(&[3, 8, 30])),
            ahead: dice.below(skew * 500 + 1) as i64 - skew as i64 * 250,
            takes: dice.one_of(&[1, 20, 100]),
            has_other: dice.of_ten(2),
        }
    }
}

impl ObjectFault {
    pub fn draw(dice: &mut Dice) -> ObjectFault {
        let lasts = dice.one_of(&[500, 5_000, 30_000, 150_000]);
        match dice.below(16) {
            0..3 => ObjectFault::Evicted,
            3..5 => ObjectFault::EvictedInWrite,
            5..7 => ObjectFault::Restored { back: dice.one_of(&[1_000, 20_000, 200_000]) },
            7 => ObjectFault::Emptied,
            8..10 => ObjectFault::Fails { lasts },
            10 => ObjectFault::Hangs { lasts },
            11 => ObjectFault::Slow { takes: dice.one_of(&[200, 400, 3_000]), lasts },
            12..14 => ObjectFault::LosesReplies { count: 1 + dice.below(3) },
            _ => ObjectFault::RowsFail { lasts },
        }
    }
}
