//! What the tables of decisions begin with.

use std::rc::Rc;

use edge_isr::policy::fence::Provenance;
use edge_isr::policy::freshness::Lifetimes;
use edge_isr::policy::stored::{
    BodyAt, GraphMarks, Pass, PassMarker, Stored, StoredResponse, Variant,
};
use edge_isr::policy::storing::Refusal;
use edge_isr::policy::time::Time;
use http::{HeaderMap, StatusCode};

pub const FRESH: Lifetimes = Lifetimes {
    fresh: 60,
    stale_while_revalidate: None,
    stale_if_error: None,
    never_stale: false,
    no_grace: false,
};

/// A response that has to be validated at each use.
pub const VALIDATED: Lifetimes = Lifetimes { fresh: 0, never_stale: true, ..FRESH };

/// A response that was fetched at a time, and is for visitors without cookies.
pub fn response(fetched_at: i64) -> StoredResponse {
    StoredResponse {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        provenance: Provenance { fetched_at: Time(fetched_at), known: vec![], journal: None },
        born_at: Time(fetched_at),
        lifetimes: FRESH,
        for_all: false,
        by_rule: false,
        stripped: Vec::new(),
        build: None,
        browser_ttl: None,
        tags: vec![],
        variant: Variant::default(),
        graph: GraphMarks::default(),
        body: BodyAt::Inline,
    }
}

/// One that is selected by these fields: `"accept-language: =de"`.
pub fn selected_by(fetched_at: i64, lines: &str) -> StoredResponse {
    let pairs = lines.lines().map(|line| line.split_once(": ").expect("a colon"));
    let selecting = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let variant = Variant { selecting, era: Time(fetched_at) };
    StoredResponse { variant, ..response(fetched_at) }
}

pub fn stored(response: StoredResponse) -> Stored {
    Stored::Response(Rc::new(response))
}

pub const PRIVATE: Pass = Pass { reason: Refusal::Private, plain: true };

pub fn marker(fetched_at: i64, pass: Pass) -> PassMarker {
    PassMarker { fetched_at: Time(fetched_at), until: Time(fetched_at + 1000), pass, first: None }
}
