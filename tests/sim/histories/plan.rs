//! What happens in a history, drawn from its seed: a world, and a list of actions with their times.
//!
//! The list is drawn before anything runs, so that a failing history can be shortened by leaving
//! actions out.

use super::dice::Dice;
use super::guises::{Guise, Shaped};
use super::posts::Posting;
use super::shared_cache::CacheBefore;

pub struct Plan {
    pub seed: u64,
    pub shape: Shape,
    pub actions: Vec<Action>,
}

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

#[derive(Clone, Debug)]
pub struct Action {
    /// Milliseconds from the beginning.
    pub at: u64,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    Visit(Visiting),
    Edit(Edit),
    Post(Posting),
    /// Purges of one tag from everywhere within a second.
    Burst {
        tag: usize,
        count: usize,
        hard: bool,
    },
    IsolateDies {
        centre: usize,
        isolate: usize,
    },
    /// The runtime gives up what is under way in an isolate, which lives on.
    RequestsDie {
        centre: usize,
        isolate: usize,
    },
    Evict {
        centre: usize,
        of_ten: u64,
    },
    KvUnreadable {
        centre: usize,
        lasts: u64,
    },
    KvRefusesWrites {
        lasts: u64,
    },
    OriginFails {
        page: usize,
        lasts: u64,
    },
    CacheRefuses {
        centre: usize,
        lasts: u64,
        silently: bool,
    },
    CoordinatorFails {
        lasts: u64,
    },
    /// The origin answers plain requests 403.
    EdgeRefused {
        lasts: u64,
    },
}

#[derive(Clone, Debug)]
pub struct Visiting {
    pub centre: usize,
    pub isolate: usize,
    pub page: usize,
    pub user: u64,
    pub manner: Manner,
    pub guise: Guise,
    pub leaves_after: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Plain,
    Head,
    Conditional,
    Range,
    Authorized,
    LoggedIn,
}

/// A new version of a page, and the purge that tells of it.
#[derive(Clone, Debug)]
pub struct Edit {
    pub page: usize,
    pub version: NewVersion,
    pub centre: usize,
    pub isolate: usize,
    pub purge_after: u64,
    pub hard: bool,
    pub by: By,
}

#[derive(Clone, Debug)]
pub struct NewVersion {
    pub tags: Vec<usize>,
    pub nature: Nature,
    pub varies: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    Public,
    Private,
    SetsCookie,
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Every tag of the version before.
    Tags,
    Url,
    Prefix,
    Host,
    Everything,
}

/// Where the site stands.
pub const HOST: &str = "site.test";

impl Plan {
    /// The history of a seed, with about so many visits.
    pub fn of(seed: u64, visits: usize) -> Plan {
        let mut dice = Dice::new(seed);
        let shape = Shape::draw(&mut dice);
        let mut actions =
            Draw { dice: &mut dice, shape: &shape, actions: Vec::new(), now: 1000 }.draw(visits);
        actions.sort_by_key(|action| action.at);
        Plan { seed, shape, actions }
    }
}

impl Shape {
    fn draw(dice: &mut Dice) -> Shape {
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

struct Draw<'a> {
    dice: &'a mut Dice,
    shape: &'a Shape,
    actions: Vec<Action>,
    now: u64,
}

impl Draw<'_> {
    fn draw(mut self, visits: usize) -> Vec<Action> {
        let (mut drawn, mut bursts) = (0, 0);
        while drawn < visits {
            let before = self.actions.len();
            match self.dice.below(100) {
                0..35 => {
                    self.now += self.dice.below(800);
                    self.visit(self.now);
                }
                35..42 => {
                    self.now += self.dice.below(20_000);
                    self.visit(self.now);
                }
                42..72 => self.episode(),
                72..80 => self.crowd(),
                80..82 if bursts == 0 && self.dice.of_ten(1) => {
                    bursts += 1;
                    self.burst();
                }
                80..90 => self.trouble(),
                90..95 => self.post(),
                _ => self.now += self.dice.one_of(&[100, 1_000, 5_000, 40_000, 120_000]),
            }
            let new = self.actions[before..].iter();
            drawn += new.filter(|action| matches!(action.what, What::Visit(_))).count();
        }
        self.actions
    }

    fn add(&mut self, at: u64, what: What) {
        self.actions.push(Action { at, what });
    }

    fn page(&mut self) -> usize {
        self.dice.below(self.shape.pages.len() as u64) as usize
    }

    fn place(&mut self) -> (usize, usize) {
        let (centres, isolates) = (self.shape.centres as u64, self.shape.isolates as u64);
        (self.dice.below(centres) as usize, self.dice.below(isolates) as usize)
    }

    fn visit(&mut self, at: u64) {
        let page = self.page();
        self.visit_page(at, page);
    }

    fn visit_page(&mut self, at: u64, page: usize) {
        let (centre, isolate) = self.place();
        let manner = match self.dice.below(100) {
            0..3 => Manner::Head,
            3..8 => Manner::Conditional,
            8..11 => Manner::Range,
            11..13 => Manner::Authorized,
            13..15 => Manner::LoggedIn,
            _ => Manner::Plain,
        };
        let leaves = self.dice.below(100) < 4;
        let leaves_after = leaves.then(|| self.dice.below(2_000));
        let (user, guise) = (self.dice.below(6), Guise::draw(self.dice));
        let visiting = Visiting { centre, isolate, page, user, manner, guise, leaves_after };
        self.add(at, What::Visit(visiting));
    }

    fn post(&mut self) {
        let (centre, isolate) = self.place();
        let at = self.now + self.dice.below(2_000);
        let (page, names) = (self.page(), self.page());
        let (user, fails) = (self.dice.below(6), self.dice.of_ten(2));
        self.add(at, What::Post(Posting { centre, isolate, page, user, names, fails }));
    }

    /// An edit, with visits around it that race its purge.
    fn episode(&mut self) {
        let page = self.page();
        self.now += self.dice.below(4_000);
        let (changed_at, spread) = (self.now + 4_000, self.dice.one_of(&[200, 2_000, 8_000]));
        for _ in 0..self.dice.below(12) {
            let at = changed_at.saturating_sub(spread / 2) + self.dice.below(spread);
            self.visit_page(at, page);
        }
        self.edit(changed_at, page);
        // Now and then another on its heels, from elsewhere.
        while self.dice.of_ten(3) {
            let at = changed_at + self.dice.below(spread);
            self.edit(at, page);
        }
        for _ in 0..self.dice.below(6) {
            let at = changed_at + self.dice.below(30_000);
            self.visit_page(at, page);
        }
        self.now = changed_at;
    }

    fn edit(&mut self, at: u64, page: usize) {
        let (centre, isolate) = self.place();
        let nature = match self.dice.below(20) {
            0 => Nature::Private,
            1 => Nature::SetsCookie,
            2 => Nature::Gone,
            _ => Nature::Public,
        };
        let tags =
            (0..self.dice.below(4)).map(|_| self.dice.below(self.shape.tags as u64) as usize);
        let tags: Vec<usize> = tags.collect();
        let varies = self.shape.pages[page].varies && self.dice.of_ten(7);
        let version = NewVersion { tags, nature, varies };
        let by = match self.dice.below(10) {
            0..6 => By::Tags,
            6..8 => By::Url,
            8 => self.dice.one_of(&[By::Prefix, By::Host]),
            _ => By::Everything,
        };
        let purge_after = self.dice.one_of(&[0, 1, 20, 400]);
        let hard = self.dice.of_ten(4);
        self.add(at, What::Edit(Edit { page, version, centre, isolate, purge_after, hard, by }));
    }

    fn crowd(&mut self) {
        let page = self.page();
        for _ in 0..5 + self.dice.below(30) {
            let at = self.now + self.dice.below(60);
            self.visit_page(at, page);
        }
    }

    fn burst(&mut self) {
        let (tag, hard) = (self.dice.below(self.shape.tags as u64) as usize, self.dice.of_ten(3));
        let count = self.dice.one_of(&[50, 1_000]);
        self.add(self.now, What::Burst { tag, count, hard });
        for _ in 0..20 {
            let at = self.now + self.dice.below(5_000);
            self.visit(at);
        }
    }

    fn trouble(&mut self) {
        let (centre, isolate) = self.place();
        let at = self.now + self.dice.below(3_000);
        let lasts = self.dice.one_of(&[500, 5_000, 30_000]);
        let what = match self.dice.below(15) {
            0..3 => What::IsolateDies { centre, isolate },
            12..14 => What::RequestsDie { centre, isolate },
            3..5 => What::Evict { centre, of_ten: self.dice.one_of(&[3, 10]) },
            5..7 => What::KvUnreadable { centre, lasts },
            7..8 => What::KvRefusesWrites { lasts },
            14 => What::EdgeRefused { lasts },
            8..10 => What::OriginFails { page: self.page(), lasts },
            10 => What::CacheRefuses { centre, lasts, silently: self.dice.of_ten(5) },
            _ => What::CoordinatorFails { lasts },
        };
        self.add(at, what);
    }
}
