//! The actions of a history, drawn from its seed.

use crate::histories::dice::Dice;
use crate::histories::guises::Guise;

use super::actions::{Action, By, Edit, Manner, Nature, NewVersion, Posting, Visiting, What};
use super::journal::ObjectFault;
use super::shape::Shape;

pub struct Draw<'a> {
    dice: &'a mut Dice,
    shape: &'a Shape,
    actions: Vec<Action>,
    now: u64,
}

impl Draw<'_> {
    pub fn new<'a>(dice: &'a mut Dice, shape: &'a Shape) -> Draw<'a> {
        Draw { dice, shape, actions: Vec::new(), now: 1000 }
    }

    /// Draws actions until there are so many visits.
    pub fn draw(mut self, visits: usize) -> Vec<Action> {
        let (mut drawn, mut bursts, mut unbound) = (0, 0, 0);
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
                81 if unbound == 0 && self.shape.journal.is_some() && self.dice.of_ten(3) => {
                    unbound += 1;
                    self.unbound();
                }
                80..85 if self.shape.journal.is_some() => self.trouble_of_journal(),
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

    fn trouble_of_journal(&mut self) {
        let at = self.now + self.dice.below(3_000);
        let has_other = self.shape.journal.as_ref().is_some_and(|journal| journal.has_other);
        let what = match self.dice.below(8) {
            0 => What::Flood { count: 40, hard: self.dice.of_ten(3) },
            1..3 if has_other => What::OtherPurges,
            _ => What::Object(ObjectFault::draw(self.dice)),
        };
        self.add(at, what);
    }

    fn unbound(&mut self) {
        let lasts = self.dice.one_of(&[200_000, 600_000]);
        self.add(self.now, What::Unbound { lasts });
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
