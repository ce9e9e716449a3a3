//! Pure. What a lookup found for a request, and what follows from that alone.

use http::Method;
use http::header::{ACCEPT_ENCODING, HeaderName};

use crate::fields::cache_status::{Detail, Forward};
use crate::fields::request::RequestFields;
use crate::fields::request_directives::RequestDirectives;
use crate::policy::key::Slot;
use crate::policy::refresh::first::KnownPage;
use crate::policy::reuse::Verdict;
use crate::policy::sharing::{FillsNothing, NotShared, fills_nothing};
use crate::policy::stored::{Pass, PassingFirst, StoredResponse, Variant};
use crate::policy::time::Time;

/// What a request found, and where its response would be stored.
pub struct Lookup<B> {
    pub slot: Slot,
    /// Set where the page's own slot holds another variant: the fields that one is selected by.
    pub beside: Option<Variant>,
    /// Set where the page's first variant is the requested one, and passes or did: what it says of
    /// the others.
    pub passing: Option<Box<PassingFirst>>,
    pub found: Found<B>,
}

pub enum Found<B> {
    Nothing(Forward),
    /// It turned out uncacheable a short while ago.
    Pass(Pass),
    /// What is stored, if anything, is not for this visitor.
    NotForThem(NotShared),
    /// It may not be shown, nor vouch for anything.
    Discarded(Box<Discarded<B>>),
    Response(Box<Candidate<B>>),
}

/// A stored response and what may be done with it.
pub struct Candidate<B> {
    pub stored: StoredResponse,
    pub body: B,
    pub verdict: Verdict,
}

/// A stored response that may not be shown to a later request. A request that waited for it may get
/// it all the same.
pub struct Discarded<B> {
    pub stored: StoredResponse,
    /// What the slot holds: a body in a slot of its own was not looked up.
    pub inline: B,
    pub detail: Detail,
}

/// What becomes of a request that nothing stored answers at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// The request wants no request to the origin: respond with a 504.
    OnlyIfCached,
    /// Its response is of use to no other request: send the visitor's own, and report this.
    GoesAlone(Option<Detail>),
    /// Wait for other requests, or fill the cache.
    Fills,
}

/// What has become of a stored response while the origin was asked.
pub enum Since<B> {
    /// No newer one is for this visitor: judge it anew.
    StillNewest,
    Newer(Box<Candidate<B>>),
    /// The page is no longer for all, or was purged.
    Gone,
}

impl<B> Found<B> {
    /// The stored response, discarded or not.
    pub fn stored(&self) -> Option<&StoredResponse> {
        match self {
            Found::Response(candidate) => Some(&candidate.stored),
            Found::Discarded(discarded) => Some(&discarded.stored),
            Found::Nothing(_) | Found::Pass(_) | Found::NotForThem(_) => None,
        }
    }

    /// The stored response, with the body of its slot.
    pub fn into_stored(self) -> Option<(StoredResponse, B)> {
        match self {
            Found::Response(candidate) => Some((candidate.stored, candidate.body)),
            Found::Discarded(discarded) => Some((discarded.stored, discarded.inline)),
            Found::Nothing(_) | Found::Pass(_) | Found::NotForThem(_) => None,
        }
    }

    /// The stored response that may vouch for the page: the origin is asked to compare with it, and
    /// it stays where the origin fails. A discarded one does neither.
    pub fn vouches(&self) -> Option<&StoredResponse> {
        match self {
            Found::Response(candidate) => Some(&candidate.stored),
            _ => None,
        }
    }

    /// Whether it is a later response than one of `fetched_at`.
    pub fn is_newer(&self, fetched_at: Time) -> bool {
        self.stored().is_some_and(|stored| stored.provenance.fetched_at > fetched_at)
    }

    /// What this lookup, the newest, says of a response of `fetched_at` that is to stand in.
    pub fn since(self, fetched_at: Time) -> Since<B> {
        let is_newer = self.is_newer(fetched_at);
        match self {
            Found::Pass(_) | Found::NotForThem(_) => Since::Gone,
            Found::Discarded(_) if is_newer => Since::Gone,
            Found::Response(newer) if is_newer => Since::Newer(newer),
            Found::Nothing(_) | Found::Discarded(_) | Found::Response(_) => Since::StillNewest,
        }
    }

    /// Whether one request can answer for others: not for a page that passes, and not for a response
    /// that has to be validated at each use.
    pub fn collapses(&self) -> bool {
        match self {
            Found::Nothing(_) => true,
            Found::Pass(_) | Found::NotForThem(_) => false,
            Found::Discarded(_) | Found::Response(_) => {
                !self.stored().is_some_and(|stored| stored.lifetimes.validates_each_use())
            }
        }
    }

    /// What becomes of a request that was not answered with what was found.
    pub fn unanswered(&self, method: &Method, request: &dyn RequestFields) -> Unanswered {
        let directives = request.value("cache-control");
        // "…the client only wishes to obtain a stored response" (RFC 9111 §5.2.1.7).
        if directives.is_some_and(|value| RequestDirectives::parse(&value).only_if_cached) {
            return Unanswered::OnlyIfCached;
        }
        match self {
            Found::NotForThem(reason) => Unanswered::GoesAlone(Some(reason.detail())),
            // A revalidation is a whole request for the page, whatever the visitor's is.
            Found::Discarded(_) | Found::Response(_) => Unanswered::Fills,
            Found::Nothing(_) | Found::Pass(_) => match fills_nothing(method, request) {
                Some(FillsNothing::Head) => Unanswered::GoesAlone(None),
                Some(FillsNothing::Range) => Unanswered::GoesAlone(Some(Detail::Range)),
                None => Unanswered::Fills,
            },
        }
    }
}

impl<B> Lookup<B> {
    pub fn new(slot: Slot, beside: Option<Variant>, found: Found<B>) -> Lookup<B> {
        Lookup { slot, beside, passing: None, found }
    }

    /// Why what was found is not enough (RFC 9211 §2.2).
    pub fn forward_reason(&self) -> Forward {
        match &self.found {
            Found::Nothing(reason) => *reason,
            Found::Pass(_) => Forward::UriMiss,
            Found::NotForThem(_) => Forward::Bypass,
            Found::Discarded(_) => Forward::Miss,
            Found::Response(_) => Forward::Stale,
        }
    }

    /// What `Cache-Status` says of it besides.
    pub fn detail(&self) -> Option<Detail> {
        match &self.found {
            Found::Pass(pass) => Some(pass.reason.detail()),
            Found::NotForThem(reason) => Some(reason.detail()),
            Found::Discarded(discarded) => Some(discarded.detail),
            Found::Nothing(_) | Found::Response(_) => None,
        }
    }

    /// What is known of the page before the origin is asked.
    pub fn known_page(&self, has_lease: bool) -> KnownPage {
        match &self.found {
            Found::Discarded(_) | Found::Response(_) => KnownPage::Stored,
            Found::NotForThem(_) => KnownPage::NotForThem,
            Found::Pass(pass) => KnownPage::Passes(*pass),
            Found::Nothing(_) if !has_lease => KnownPage::UnknownWithoutLease,
            Found::Nothing(_) if self.beside.is_some() => KnownPage::Stored,
            Found::Nothing(_) => KnownPage::Unknown,
        }
    }

    /// The fields that the page is known to vary by, if any of it is stored.
    pub fn varies_by(&self) -> Vec<HeaderName> {
        let stored = self.found.stored().map(|stored| &stored.variant);
        let Some(variant) = self.beside.as_ref().or(stored) else { return Vec::new() };
        variant.names().filter_map(|name| name.parse().ok()).collect()
    }

    /// What the page's first variant said of all of them, where it is the one that now passes: the
    /// others stay where they are. `kept_until`: how long the cache keeps it.
    pub fn passing_first(
        &self,
        kept_until: impl FnOnce(&StoredResponse) -> Time,
    ) -> Option<PassingFirst> {
        let Some(stored) = self.found.stored() else {
            return self.passing.as_deref().cloned();
        };
        let has_others = stored.variant.names().any(|name| name != ACCEPT_ENCODING.as_str());
        if self.beside.is_some() || !has_others {
            return None;
        }
        let variant = stored.variant.clone();
        Some(PassingFirst { variant, kept_until: kept_until(stored) })
    }
}
