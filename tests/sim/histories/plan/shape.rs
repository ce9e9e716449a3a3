//! The world of a history, and how rough it is.

use crate::histories::dice::Dice;
use crate::histories::guises::Shaped;
use crate::histories::shared_cache::CacheBefore;

use super::journal::JournalShape;

/// The world of a history, and how rough it is.
#[derive(Clone, Debug)]
pub struct Shape {
    pub centres: usize,
    pub isolates: usize,
    pub pages: Vec<PageShape>,
    pub tags: usize,
    /// Milliseconds by which the clock of each isolate is ahead; the same in a data centre, unless
    /// `clocks_apart`.
    pub ahead: Vec<Vec<i64>>,
    pub clocks_apart: bool,
    pub skew: u64,
    pub window: u64,
    pub graph_writes: u64,
    pub purge_swr: u64,
    pub kv_lag: u64,
    pub kv_ttl: u64,
    pub kv_read_takes: u64,
    pub kv_write_takes: u64,
    pub kv_slow_writes: u64,
    pub kv_failing: u64,
    pub cache_takes: u64,
    pub renders_in: u64,
    /// Of a thousand answers of the origin so many fail in one way or another.
    pub origin_failing: u64,
    /// Milliseconds by which an answer may be behind the origin's own database.
    pub replica_lag: u64,
    pub coordinator: bool,
    /// Seconds within which a purge is seen, with a journal.
    pub seen_within: u64,
    pub journal: Option<JournalShape>,
    /// Rules say what the origin says otherwise, and leave parameters of advertisers out of the key.
    pub has_rules: bool,
}

#[derive(Clone, Debug)]
pub struct PageShape {
    pub path: String,
    pub s_maxage: u64,
    pub stale_while_revalidate: u64,
    pub stale_if_error: u64,
    pub has_etag: bool,
    pub says_tags_in_304: bool,
    pub is_large: bool,
    pub varies: bool,
    pub says: Says,
    pub shaped: Shaped,
    pub behind: CacheBefore,
    pub has_group: bool,
}

/// How a page for all says for how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    SMaxage,
    /// With no lifetime it is not said to be for visitors with cookies.
    MaxAge,
    /// With a validator.
    NoCache,
}

impl Shape {
    pub fn draw(dice: &mut Dice) -> Shape {
        let (centres, isolates) = (1 + dice.below(3) as usize, 1 + dice.below(3) as usize);
        let skew = dice.one_of(&[2, 5, 5, 10]);
        let clocks_apart = dice.of_ten(3);
        // Half of the skew is for the clocks, half for a write.
        let ahead = |dice: &mut Dice| dice.below(skew * 500 + 1) as i64 - skew as i64 * 250;
        let ahead = (0..centres)
            .map(|_| {
                let whole = ahead(dice);
                (0..isolates).map(|_| if clocks_apart { ahead(dice) } else { whole }).collect()
            })
            .collect();
        let rough = dice.of_ten(6);
        let if_rough =
            |dice: &mut Dice, values: &[u64]| if rough { dice.one_of(values) } else { 0 };
        Shape {
            centres,
            isolates,
            pages: (0..2 + dice.below(4)).map(|number| PageShape::draw(dice, number)).collect(),
            tags: 3 + dice.below(6) as usize,
            ahead,
            clocks_apart,
            skew,
            window: dice.one_of(&[1, 5, 10, 10]),
            graph_writes: dice.one_of(&[4, 60, 60_000]),
            purge_swr: dice.one_of(&[0, 0, 30]),
            kv_lag: dice.one_of(&[0, 5_000, 60_000, 90_000]),
            kv_ttl: dice.one_of(&[0, 30_000, 30_000]),
            kv_read_takes: dice.one_of(&[0, 20, 200]),
            kv_write_takes: dice.one_of(&[20, 300, 900]),
            kv_slow_writes: if_rough(dice, &[0, 30, 150]),
            kv_failing: if_rough(dice, &[0, 20, 100]),
            cache_takes: dice.one_of(&[0, 2, 10]),
            renders_in: dice.one_of(&[20, 300, 3_000, 6_000]),
            origin_failing: if_rough(dice, &[0, 20, 100]),
            replica_lag: if dice.of_ten(2) { 1_500 } else { 0 },
            coordinator: dice.of_ten(3),
            seen_within: dice.one_of(&[2, 5, 10, 30, 120]),
            journal: dice.of_ten(6).then(|| JournalShape::draw(dice, skew)),
            has_rules: false,
        }
    }
}

impl PageShape {
    fn draw(dice: &mut Dice, number: u64) -> PageShape {
        let query = if dice.of_ten(2) { "?q=1" } else { "" };
        let says = dice.one_of(&[Says::SMaxage, Says::SMaxage, Says::SMaxage, Says::MaxAge]);
        let says = if dice.below(8) == 0 { Says::NoCache } else { says };
        let behind = match dice.below(10) {
            0 => CacheBefore::SaysAge,
            1 => CacheBefore::SaysStale,
            _ => CacheBefore::Nothing,
        };
        PageShape {
            path: format!("/s{}/p{number}{query}", number % 2),
            s_maxage: dice.one_of(&[0, 2, 30, 300, 3_000]),
            stale_while_revalidate: dice.one_of(&[0, 10, 600, 600]),
            stale_if_error: dice.one_of(&[0, 60, 600]),
            has_etag: dice.of_ten(6) || says == Says::NoCache,
            says_tags_in_304: dice.of_ten(5),
            is_large: dice.of_ten(2),
            varies: dice.of_ten(2),
            says,
            shaped: if dice.of_ten(6) { Shaped::draw(dice) } else { Shaped::default() },
            behind,
            has_group: dice.of_ten(3),
        }
    }
}
