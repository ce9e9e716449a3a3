//! What is kept beside a stored body: the origin's own status and fields, and what the fence,
//! freshness, `Vary` and the tag graph need. Versioned: what another version wrote reads as absent.
//! (Version 1 stored responses to visitors' own requests, which must not be shown to others. Version 2
//! had the same fields without parts.)

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::fields::vary::Selecting;
use crate::policy::fence::Provenance;
use crate::policy::format::ascii_json;
use crate::policy::freshness::Lifetimes;
use crate::policy::key::Slot;
use crate::policy::storing::{Refusal, has_validator};
use crate::policy::tag::Tag;
use crate::policy::time::Time;

const VERSION: u32 = 3;
/// A response that can be revalidated is kept this long past its last window.
const KEPT_FOR_REVALIDATION: u64 = 24 * 60 * 60;

/// What a slot of the data centre's cache holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    Response(Box<StoredResponse>),
    Pass(PassMarker),
}

/// The page turned out uncacheable: requests for it are neither collapsed nor held up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassMarker {
    pub fetched_at: Time,
    pub until: Time,
    pub pass: Pass,
    /// Set where the page's first variant alone passes: the others go on being found beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<PassingFirst>,
}

/// A page's first variant that passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassingFirst {
    pub variant: Variant,
    /// Until when the variants beside it may be wanted.
    pub kept_until: Time,
}

/// Which of a page's variants a response is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// The selecting fields of the request that it answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selecting: Selecting,
    /// Since when the page's first variant has named these selecting fields.
    pub era: Time,
}

impl Variant {
    /// The fields that the page's variants are told apart by.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.selecting.iter().map(|(name, _)| name.as_str())
    }
}

/// Why a page passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    pub reason: Refusal,
    /// A plain request brought that back, and not a visitor's own: no other is tried meanwhile.
    pub plain: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredResponse {
    #[serde(with = "status_code")]
    pub status: StatusCode,
    #[serde(with = "crate::policy::format::header_pairs")]
    pub headers: HeaderMap,
    pub provenance: Provenance,
    /// `now - born_at` is its current age.
    pub born_at: Time,
    pub lifetimes: Lifetimes,
    /// It says that it is for visitors with cookies too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub for_all: bool,
    /// The origin's and the rules' tags; implicit ones follow from the key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    pub variant: Variant,
    #[serde(default, skip_serializing_if = "GraphMarks::are_absent")]
    pub graph: GraphMarks,
    pub body: BodyAt,
}

/// What is known of a response's entries in the tag graph (`graph/`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphMarks {
    /// When the graph was found to hold just the response's tags, for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Time>,
    /// When the graph was first found to hold them. A second look later confirms it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Time>,
    /// Tags of earlier versions, which the graph may still relate to the page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_tags: Vec<Tag>,
}

impl GraphMarks {
    fn are_absent(&self) -> bool {
        *self == GraphMarks::default()
    }
}

/// Where the body is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyAt {
    /// With the metadata.
    Inline,
    /// In a slot of its own, named by a token: a freshened large body is not copied.
    Apart(String),
}

impl StoredResponse {
    /// Where its body is, if `slot` is where it is itself.
    pub fn body_slot(&self, slot: &Slot) -> Slot {
        match &self.body {
            BodyAt::Inline => slot.clone(),
            BodyAt::Apart(token) => slot.beside(token),
        }
    }

    pub fn expires_at(&self) -> Time {
        self.born_at + Duration::from_secs(self.lifetimes.fresh)
    }

    pub fn age(&self, now: Time) -> u64 {
        now.since(self.born_at).as_secs()
    }

    /// Whether `other` is this response, perhaps freshened since: its body will do.
    pub fn has_body_of(&self, other: &StoredResponse) -> bool {
        // Not its time: two may have been asked for within a millisecond.
        let same = |name| self.headers.get(&name) == other.headers.get(&name);
        let same_version =
            has_validator(&self.headers) && same(header::ETAG) && same(header::LAST_MODIFIED);
        self.body == other.body && (self == other || same_version)
    }

    /// How long from `now` the cache is asked to keep it: to the end of its last window, longer if
    /// it can be revalidated, never past its greatest age.
    pub fn kept_for(&self, granted: Duration, max_life: Duration, now: Time) -> Duration {
        let window = self.lifetimes.longest_window().max(granted.as_secs());
        let spare = if has_validator(&self.headers) { KEPT_FOR_REVALIDATION } else { 0 };
        let end = self.expires_at() + Duration::from_secs(window + spare);
        end.min(self.provenance.fetched_at + max_life).since(now)
    }
}

/// As it is written: one of the two, beside the version.
#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<&'a StoredResponse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pass: Option<&'a PassMarker>,
}

#[derive(Deserialize)]
struct Head {
    v: u32,
    response: Option<Box<StoredResponse>>,
    pass: Option<PassMarker>,
}

impl Stored {
    /// One line of ASCII, fit for a header field.
    pub fn to_head(&self) -> String {
        let (response, pass) = match self {
            Stored::Response(response) => (Some(&**response), None),
            Stored::Pass(marker) => (None, Some(marker)),
        };
        ascii_json(&Written { v: VERSION, response, pass })
    }

    pub fn from_head(head: &str) -> Option<Stored> {
        match serde_json::from_str(head).ok()? {
            Head { v: VERSION, response: Some(response), .. } => Some(Stored::Response(response)),
            Head { v: VERSION, pass: Some(marker), .. } => Some(Stored::Pass(marker)),
            _ => None,
        }
    }

    /// Whether it stays, however much later `other` was asked for: a visitor's own request does not
    /// take away what is stored for all.
    pub fn outranks(&self, other: &Stored) -> bool {
        let Stored::Pass(marker) = other else { return false };
        match self {
            Stored::Response(_) => !marker.pass.plain,
            // Other variants are found by it.
            Stored::Pass(current) => {
                !marker.pass.plain && current.first.is_some() && marker.first.is_none()
            }
        }
    }

    /// The same where the page's own slot was emptied while it was on its way: what was stored beside
    /// the response before is not found again.
    pub fn in_new_era(self) -> Stored {
        match self {
            Stored::Response(mut response) => {
                response.variant.era = response.provenance.fetched_at;
                Stored::Response(response)
            }
            Stored::Pass(marker) => Stored::Pass(PassMarker { first: None, ..marker }),
        }
    }

    pub fn fetched_at(&self) -> Time {
        match self {
            Stored::Response(response) => response.provenance.fetched_at,
            Stored::Pass(marker) => marker.fetched_at,
        }
    }
}

mod status_code {
    use http::StatusCode;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u16(status.as_u16())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<StatusCode, D::Error> {
        StatusCode::from_u16(u16::deserialize(from)?).map_err(D::Error::custom)
    }
}
