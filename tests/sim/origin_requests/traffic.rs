//! Who asks for what: one function a class of traffic, which says what its next visit is.

use crate::histories::dice::Dice;
use crate::world::origin::Page;

/// What a visit has to cost the origin.
pub enum Needs {
    /// One request, unless this variant of the page is stored.
    Fill(&'static str),
    /// One request.
    Pass,
}

pub struct Visit {
    pub section: &'static str,
    pub path: String,
    pub fields: Vec<(&'static str, String)>,
    pub page: Page,
    pub needs: Needs,
    pub isolate: usize,
}

/// The visit of this number of so many; the dice are what it draws by.
pub type Traffic = fn(usize, usize, &mut Dice) -> Visit;

/// How many requests more than needed are allowed.
pub enum Expected {
    PercentMore(usize),
    /// A new isolate has no memory of any section.
    MoreEachIsolate(usize),
    /// What the better of the two orders costs, and a fifth of it for finding out which it is.
    AsTheBetterOrder,
}
use Expected::{AsTheBetterOrder, MoreEachIsolate, PercentMore};

pub struct Class {
    pub name: &'static str,
    pub expected: Expected,
    pub traffic: Traffic,
}

pub const CLASSES: &[Class] = &[
    Class {
        name: "public pages, visitors with cookies",
        expected: PercentMore(3),
        traffic: |number, of, dice| public(number, page(of, dice), "/blog/post-", ""),
    },
    Class {
        name: "the same, their paths end in a slash",
        expected: PercentMore(3),
        traffic: |number, of, dice| public(number, page(of, dice), "/blog/post-", "/"),
    },
    Class {
        name: "the same, below a number each (/shop/17/reviews)",
        expected: PercentMore(3),
        traffic: |number, of, dice| public(number, page(of, dice), "/shop/", "/reviews"),
    },
    Class {
        name: "private pages, each once",
        expected: PercentMore(3),
        traffic: |number, _, _| private(number, "/account/"),
    },
    Class {
        name: "both, in sections of their own",
        expected: PercentMore(3),
        traffic: |number, of, dice| match dice.below(2) {
            0 => public(number, page(of, dice), "/blog/post-", ""),
            _ => private(number, "/account/"),
        },
    },
    Class {
        name: "both, in one section: 10 % public",
        expected: AsTheBetterOrder,
        traffic: |number, of, dice| mixed(1, number, of, dice),
    },
    Class {
        name: "both, in one section: 50 % public",
        expected: AsTheBetterOrder,
        traffic: |number, of, dice| mixed(5, number, of, dice),
    },
    Class {
        name: "both, in one section: 90 % public",
        expected: AsTheBetterOrder,
        traffic: |number, of, dice| mixed(9, number, of, dice),
    },
    Class { name: "four languages", expected: PercentMore(3), traffic: languages },
    Class {
        name: "sessions beside anonymous visitors",
        expected: PercentMore(3),
        traffic: sessions,
    },
    Class {
        name: "the same, and a monitor that sends no fields",
        expected: PercentMore(3),
        traffic: |number, of, dice| match number % 20 {
            0 => Visit { fields: Vec::new(), ..sessions(number, of, dice) },
            _ => sessions(number, of, dice),
        },
    },
    Class {
        name: "half of a section's pages start sessions",
        expected: PercentMore(45),
        traffic: |number, of, dice| match dice.below(2) {
            0 => public(number, page(of / 2, dice), "/app/", ""),
            _ => Visit {
                path: format!("/app/s{}", page(of / 2, dice)),
                ..sessions(number, of, dice)
            },
        },
    },
    Class {
        name: "public pages, a new isolate every 1000 requests",
        expected: MoreEachIsolate(1),
        traffic: |number, of, dice| fresh_isolates(1000, number, of, dice),
    },
    Class {
        name: "public pages, a new isolate every 100 requests",
        expected: MoreEachIsolate(1),
        traffic: |number, of, dice| fresh_isolates(100, number, of, dice),
    },
    Class {
        name: "public pages, a new isolate every 10 requests",
        expected: MoreEachIsolate(1),
        traffic: |number, of, dice| fresh_isolates(10, number, of, dice),
    },
    Class {
        name: "sessions, a new isolate every 100 requests",
        expected: MoreEachIsolate(2),
        traffic: |number, of, dice| Visit { isolate: number / 100, ..sessions(number, of, dice) },
    },
];

/// One of so many pages that each is asked for four times, about.
fn page(requests: usize, dice: &mut Dice) -> usize {
    dice.below(requests as u64 / 4) as usize
}

/// A browser with a cookie that no setting knows.
fn browser(number: usize) -> Vec<(&'static str, String)> {
    let fields = [
        (
            "user-agent",
            format!("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/{}", 100 + number % 40),
        ),
        ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8".to_owned()),
        ("accept-language", "en-GB,en;q=0.5".to_owned()),
        ("accept-encoding", "gzip, deflate, br, zstd".to_owned()),
        ("sec-fetch-mode", "navigate".to_owned()),
        ("upgrade-insecure-requests", "1".to_owned()),
        ("cookie", format!("visit={number:08x}")),
    ];
    fields.to_vec()
}

fn public(number: usize, page: usize, before: &'static str, after: &str) -> Visit {
    Visit {
        section: before,
        path: format!("{before}{page}{after}"),
        fields: browser(number),
        page: Page::new("for all").with("cache-control", "public, s-maxage=86400"),
        needs: Needs::Fill(""),
        isolate: 0,
    }
}

fn private(number: usize, before: &'static str) -> Visit {
    Visit {
        section: before,
        path: format!("{before}{number}"),
        fields: browser(number),
        page: Page::new("for one").with("cache-control", "private, max-age=60"),
        needs: Needs::Pass,
        isolate: 0,
    }
}

/// So many of ten requests are for public pages.
fn mixed(public_of_ten: usize, number: usize, of: usize, dice: &mut Dice) -> Visit {
    if dice.of_ten(public_of_ten as u64) {
        public(number, page(of * public_of_ten / 10, dice), "/pages/p", "")
    } else {
        Visit { path: format!("/pages/o{number}"), ..private(number, "/pages/p") }
    }
}

fn languages(number: usize, of: usize, dice: &mut Dice) -> Visit {
    const LANGUAGES: [&str; 4] =
        ["en-GB,en;q=0.5", "de,en;q=0.5", "fr-CH,fr;q=0.9", "pt-BR,pt;q=0.8"];
    let language = dice.one_of(&LANGUAGES);
    let mut visit = public(number, page(of / 4, dice), "/docs/page-", "");
    visit.fields.retain(|(name, _)| *name != "accept-language");
    visit.fields.push(("accept-language", language.to_owned()));
    visit.page = visit.page.with("vary", "Accept-Language");
    Visit { needs: Needs::Fill(language), ..visit }
}

/// An origin that starts a session for each visitor without a session: what a plain request brings back is never
/// for all, and what a visitor with a session gets looks as if it were.
fn sessions(number: usize, of: usize, dice: &mut Dice) -> Visit {
    let mut visit = public(number, page(of, dice), "/app/", "");
    if dice.below(2) == 0 {
        visit.fields.retain(|(name, _)| *name != "cookie");
    }
    let starting = visit.page.clone().with("set-cookie", "visit=1; HttpOnly");
    visit.page = starting.but_where("cookie", "visit=", visit.page);
    Visit { needs: Needs::Pass, ..visit }
}

fn fresh_isolates(every: usize, number: usize, of: usize, dice: &mut Dice) -> Visit {
    Visit { isolate: number / every, ..public(number, page(of, dice), "/blog/post-", "") }
}
