//! The metadata of a stored response: the origin's status and fields, and the data that the fence,
//! freshness, `Vary` and the tag graph need.
//!
//! The format has a version. Metadata of another version reads as absent. (Version 1 stored
//! responses to visitors' own requests, which must not be shown to others. Version 2 had the same
//! fields without parts.)

use std::rc::Rc;
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::fields::vary::Selecting;
use crate::json::{self, Fields, FromValue, from_object, header_pairs};
use crate::policy::fence::Provenance;
use crate::policy::freshness::Lifetimes;
use crate::policy::key::Slot;
use crate::policy::storing::{Refusal, has_validator};
use crate::policy::tag::Tag;
use crate::policy::time::Time;
use crate::policy::timing::KEPT_FOR_REVALIDATION;

const VERSION: u64 = 3;

/// The content of a slot in the data centre's cache.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// A stored response. The requests of an isolate share one copy.
    Response(Rc<StoredResponse>),
    /// A mark that the page passes.
    Pass(PassMarker),
}

/// A mark that a page turned out uncacheable: requests for it are neither collapsed nor held up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassMarker {
    /// The time of the request that showed it.
    pub fetched_at: Time,
    /// The end of the mark.
    pub until: Time,
    /// The reason for the mark.
    pub pass: Pass,
    /// Set if only the page's first variant passes: the others are still found beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<PassingFirst>,
}

from_object!(PassMarker, [fetched_at, until, pass], or_default: [first]);

/// The first variant of a page, if it passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassingFirst {
    /// The identity of the variant.
    pub variant: Variant,
    /// The time until which the variants beside it may be needed.
    pub kept_until: Time,
}

from_object!(PassingFirst, [variant, kept_until], or_default: []);

/// The identity of a response among its page's variants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Variant {
    /// The selecting fields of the request that brought the response.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub selecting: Selecting,
    /// The time since which the page's first variant has named these selecting fields.
    pub era: Time,
}

from_object!(Variant, [era], or_default: [selecting]);

impl Variant {
    /// Returns the names of the fields that distinguish the page's variants.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.selecting.iter().map(|(name, _)| name.as_str())
    }
}

/// The reason why a page passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pass {
    /// The reason why the response was not stored.
    pub reason: Refusal,
    /// Set if a plain request showed it, and not a visitor's own: no plain one is tried meanwhile.
    pub plain: bool,
}

from_object!(Pass, [reason, plain], or_default: []);

/// A response in the cache, without the bytes of its body.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredResponse {
    /// The origin's status.
    #[serde(serialize_with = "status_code")]
    pub status: StatusCode,
    /// The origin's header fields.
    #[serde(serialize_with = "header_pairs::serialize")]
    pub headers: HeaderMap,
    /// The age of the response, and the purges that its origin knew of.
    pub provenance: Provenance,
    /// The time from which age counts: `now - born_at` is the current age.
    pub born_at: Time,
    /// The fresh lifetime, and the windows after it.
    pub lifetimes: Lifetimes,
    /// Set if the response says that it is for visitors with cookies too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub for_all: bool,
    /// Set if rules shaped its storing: the rules of today judge it again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_rule: bool,
    /// The names of cookies that rules have stripped: it is not used once a rule no longer names one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stripped: Vec<String>,
    /// The build of the site, if a rule makes pages of an older one stale or unusable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// The lifetime in seconds that browsers are told, if the rules of today say one.
    #[serde(skip)]
    pub browser_ttl: Option<u64>,
    /// The tags of the origin and of rules; implicit ones follow from the key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// The identity among the page's variants.
    pub variant: Variant,
    /// The state of the response's entries in the tag graph.
    #[serde(skip_serializing_if = "GraphMarks::are_absent")]
    pub graph: GraphMarks,
    /// The place of the body.
    pub body: BodyAt,
}

impl FromValue for StoredResponse {
    fn from_value(value: Value) -> Option<StoredResponse> {
        let mut fields = Fields::of(value)?;
        Some(StoredResponse {
            status: fields.take("status")?,
            headers: fields.take("headers")?,
            provenance: fields.take("provenance")?,
            born_at: fields.take("born_at")?,
            lifetimes: fields.take("lifetimes")?,
            for_all: fields.take_or_default("for_all")?,
            by_rule: fields.take_or_default("by_rule")?,
            stripped: fields.take_or_default("stripped")?,
            build: fields.take_or_default("build")?,
            browser_ttl: None,
            tags: fields.take_or_default("tags")?,
            variant: fields.take("variant")?,
            graph: fields.take_or_default("graph")?,
            body: fields.take("body")?,
        })
    }
}

/// The state of a response's entries in the tag graph (`graph/`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GraphMarks {
    /// The time when the graph was found to hold exactly the response's tags, for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Time>,
    /// The time when the graph was first found to hold them. A second look later confirms it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Time>,
    /// Tags of earlier versions, which the graph may still relate to the page.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub former_tags: Vec<Tag>,
}

from_object!(GraphMarks, [], or_default: [confirmed_at, checked_at, former_tags]);

impl GraphMarks {
    fn are_absent(&self) -> bool {
        *self == GraphMarks::default()
    }
}

/// The place of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyAt {
    /// The body is stored with the metadata.
    Inline,
    /// The body has a slot of its own, named by a token. Freshening then copies no large body.
    Apart(String),
}

impl FromValue for BodyAt {
    fn from_value(value: Value) -> Option<BodyAt> {
        match value {
            Value::String(text) => (text == "inline").then_some(BodyAt::Inline),
            value => Fields::of(value)?.take("apart").map(BodyAt::Apart),
        }
    }
}

impl StoredResponse {
    /// Returns the slot of the body; `slot` is that of the response.
    pub fn body_slot(&self, slot: &Slot) -> Slot {
        match &self.body {
            BodyAt::Inline => slot.clone(),
            BodyAt::Apart(token) => slot.beside(token),
        }
    }

    /// Returns the end of the fresh lifetime.
    pub fn expires_at(&self) -> Time {
        self.born_at + Duration::from_secs(self.lifetimes.fresh)
    }

    /// Returns the current age in seconds.
    pub fn age(&self, now: Time) -> u64 {
        now.since(self.born_at).as_secs()
    }

    /// Returns the age in seconds that a visitor is told. A lifetime that a rule gives browsers
    /// begins when they get the response.
    pub fn age_for_visitor(&self, now: Time) -> u64 {
        match self.browser_ttl {
            Some(1..) => 0,
            _ => self.age(now),
        }
    }

    /// Tells whether `other` is this response, perhaps freshened since, so that its body can be
    /// used.
    pub fn has_body_of(&self, other: &StoredResponse) -> bool {
        // The time is not compared: two responses may have been requested within a millisecond.
        let same = |name| self.headers.get(&name) == other.headers.get(&name);
        let same_version =
            has_validator(&self.headers) && same(header::ETAG) && same(header::LAST_MODIFIED);
        self.body == other.body && (self == other || same_version)
    }

    /// Tells whether `other` is this response but for its times: its body and all that is known of it.
    pub fn is_as_before(&self, other: &StoredResponse) -> bool {
        let without_times = |stored: &StoredResponse| {
            let mut headers = stored.headers.clone();
            for name in [header::DATE, header::AGE, header::EXPIRES] {
                headers.remove(name);
            }
            StoredResponse {
                headers,
                provenance: Provenance::default(),
                born_at: Time::default(),
                graph: GraphMarks::default(),
                variant: Variant { era: Time::default(), ..stored.variant.clone() },
                ..stored.clone()
            }
        };
        self.has_body_of(other) && without_times(self) == without_times(other)
    }

    /// Ends the fresh lifetime now, if it has not ended before.
    pub fn expire(&mut self, now: Time) {
        self.lifetimes.fresh = self.lifetimes.fresh.min(now.since(self.born_at).as_secs());
    }

    /// Returns how long from `now` the cache keeps the response. It keeps it to the end of its last
    /// window, longer if it can be revalidated, never past its greatest age.
    pub fn kept_for(&self, granted: Duration, max_life: Duration, now: Time) -> Duration {
        let window = self.lifetimes.longest_window().max(granted.as_secs());
        let spare = if has_validator(&self.headers) { KEPT_FOR_REVALIDATION.as_secs() } else { 0 };
        let end = self.expires_at() + Duration::from_secs(window + spare);
        end.min(self.provenance.fetched_at + max_life).since(now)
    }
}

/// The written form: a response or a pass, beside the version.
#[derive(Serialize)]
struct Written<'a> {
    v: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<&'a StoredResponse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pass: Option<&'a PassMarker>,
}

struct Read {
    v: u64,
    response: Option<StoredResponse>,
    pass: Option<PassMarker>,
}

from_object!(Read, [v], or_default: [response, pass]);

impl Stored {
    /// A response as a content.
    pub fn of(response: StoredResponse) -> Stored {
        Stored::Response(Rc::new(response))
    }

    /// Writes one line of ASCII, fit for a header field.
    pub fn to_text(&self) -> String {
        let (response, pass) = match self {
            Stored::Response(response) => (Some(&**response), None),
            Stored::Pass(marker) => (None, Some(marker)),
        };
        json::to_ascii(&Written { v: VERSION, response, pass })
    }

    /// Reads a written line; `None` if it is damaged or of another version.
    pub fn of_text(text: &str) -> Option<Stored> {
        match json::read(text)? {
            Read { v: VERSION, response: Some(response), .. } => {
                Some(Stored::Response(Rc::new(response)))
            }
            Read { v: VERSION, pass: Some(marker), .. } => Some(Stored::Pass(marker)),
            _ => None,
        }
    }

    /// Tells whether this content stays even if `other` was requested later. A visitor's own
    /// request does not remove a response that is stored for all.
    pub fn outranks(&self, other: &Stored) -> bool {
        let Stored::Pass(marker) = other else { return false };
        match self {
            Stored::Response(_) => !marker.pass.plain,
            // Other variants are found through this mark.
            Stored::Pass(current) => {
                !marker.pass.plain && current.first.is_some() && marker.first.is_none()
            }
        }
    }

    /// Starts a new era, for content whose slot was emptied before it arrived. The variants stored
    /// beside the former response are not found again.
    pub fn in_new_era(self) -> Stored {
        match self {
            Stored::Response(mut response) => {
                let era = response.provenance.fetched_at;
                Rc::make_mut(&mut response).variant.era = era;
                Stored::Response(response)
            }
            Stored::Pass(marker) => Stored::Pass(PassMarker { first: None, ..marker }),
        }
    }

    /// Returns the time that decides which of two contents is the later one.
    pub fn fetched_at(&self) -> Time {
        match self {
            Stored::Response(response) => response.provenance.fetched_at,
            Stored::Pass(marker) => marker.fetched_at,
        }
    }
}

impl FromValue for StatusCode {
    fn from_value(value: Value) -> Option<StatusCode> {
        // The runtime makes a response of no other.
        let number = value.as_u64().filter(|number| (200..600).contains(number))?;
        StatusCode::from_u16(number as u16).ok()
    }
}

fn status_code<S: Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u16(status.as_u16())
}
