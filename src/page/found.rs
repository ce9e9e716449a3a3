//! Pure. What a lookup found for a request, and what follows from that alone.

use std::rc::Rc;

use http::Method;
use http::header::{ACCEPT_ENCODING, HeaderName};

use crate::fields::cache_status::{Detail, Forward};
use crate::fields::request::RequestFields;
use crate::fields::request_directives::RequestDirectives;
use crate::isolate::metadata::Derived;
use crate::policy::key::Slot;
use crate::policy::refresh::first::KnownPage;
use crate::policy::reuse::Verdict;
use crate::policy::sharing::{FillsNothing, NotShared, fills_nothing};
use crate::policy::stored::{Pass, PassingFirst, StoredResponse, Variant};
use crate::policy::time::Time;

/// The result of a lookup, and the slot whose lease collapses its requests.
pub struct Lookup<B> {
    /// The slot of the requested variant. The lease of the same slot collapses requests.
    pub slot: Slot,
    /// The page's first variant, if the request selects a further one.
    pub beside: Option<Variant>,
    /// The page's first variant, if it is the requested one and passes or did: its statement about
    /// the other variants.
    pub passing: Option<Box<PassingFirst>>,
    /// The stored response, or the reason why there is none to show.
    pub found: Found<B>,
}

/// The outcomes of a lookup. Each leads to another branch of the flow.
pub enum Found<B> {
    /// A miss: the request fills the cache, or waits for a request that does.
    Nothing(Forward),
    /// The page turned out uncacheable a short while ago: its requests go to the origin, and are
    /// not collapsed.
    Pass(Pass),
    /// No response for all may serve this visitor, stored or not: the visitor's own request goes to
    /// the origin.
    NotForVisitor(NotShared),
    /// The stored response may neither be shown nor be validated, for example after a hard purge.
    Discarded(Box<Discarded<B>>),
    /// A stored response. Its verdict says whether it may be shown now.
    Response(Box<Candidate<B>>),
}

/// What a slot of the cache holds.
pub struct SlotContent<S, B> {
    /// The metadata.
    pub stored: S,
    /// The body in the slot itself.
    pub body: B,
    /// What this isolate has computed from the metadata.
    pub derived: Rc<Derived>,
}

/// A stored response, and the verdict on it.
pub struct Candidate<B> {
    /// The response without its body.
    pub stored: Rc<StoredResponse>,
    /// What this isolate has computed from it.
    pub derived: Rc<Derived>,
    /// The body, wherever it was stored.
    pub body: B,
    /// The use that may be made of it now.
    pub verdict: Verdict,
    /// The detail for `Cache-Status`, if the verdict was made without the journal's object.
    pub detail: Option<Detail>,
}

/// A stored response that may not be shown to a later request. A request that waited for it may
/// still get it.
pub struct Discarded<B> {
    /// The response without its body.
    pub stored: Rc<StoredResponse>,
    /// The body in the slot itself. A body in a slot of its own was not looked up.
    pub inline: B,
    /// The reason, for `Cache-Status`.
    pub detail: Detail,
}

/// The next step of a request that no stored response can serve at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// The request forbids a request to the origin: respond with a 504.
    OnlyIfCached,
    /// Its response is of use to no other request: send the visitor's own request, and report this
    /// detail.
    GoesAlone(Option<Detail>),
    /// Wait for other requests, or fill the cache.
    Fills,
}

/// The fate of a stored response while the origin was asked.
pub enum Since<B> {
    /// No newer response is for this visitor: judge the old one anew.
    StillNewest,
    /// A newer response is stored: it stands in instead.
    Newer(Box<Candidate<B>>),
    /// The page is no longer for all, or was purged: nothing stored may be shown.
    Gone,
}

impl<B> Found<B> {
    /// The stored response, discarded or not.
    pub fn stored(&self) -> Option<&StoredResponse> {
        match self {
            Found::Response(candidate) => Some(&candidate.stored),
            Found::Discarded(discarded) => Some(&discarded.stored),
            Found::Nothing(_) | Found::Pass(_) | Found::NotForVisitor(_) => None,
        }
    }

    /// The stored response, with the body of its slot.
    pub fn into_stored(self) -> Option<(Rc<StoredResponse>, B)> {
        match self {
            Found::Response(candidate) => Some((candidate.stored, candidate.body)),
            Found::Discarded(discarded) => Some((discarded.stored, discarded.inline)),
            Found::Nothing(_) | Found::Pass(_) | Found::NotForVisitor(_) => None,
        }
    }

    /// The stored response that the origin may be asked to validate, and that stays stored if the
    /// origin fails.
    ///
    /// A discarded response qualifies for neither.
    pub fn to_validate(&self) -> Option<&StoredResponse> {
        match self {
            Found::Response(candidate) => Some(&candidate.stored),
            _ => None,
        }
    }

    /// Tells whether the found response was fetched later than `fetched_at`.
    pub fn is_newer(&self, fetched_at: Time) -> bool {
        self.stored().is_some_and(|stored| stored.provenance.fetched_at > fetched_at)
    }

    /// Compares this lookup, the newest, with a response of `fetched_at` that is to stand in.
    pub fn since(self, fetched_at: Time) -> Since<B> {
        let is_newer = self.is_newer(fetched_at);
        match self {
            Found::Pass(_) | Found::NotForVisitor(_) => Since::Gone,
            Found::Discarded(_) if is_newer => Since::Gone,
            Found::Response(newer) if is_newer => Since::Newer(newer),
            Found::Nothing(_) | Found::Discarded(_) | Found::Response(_) => Since::StillNewest,
        }
    }

    /// Tells whether one request to the origin can serve other requests too.
    ///
    /// It cannot for a page that passes, nor for a response that has to be validated at each use.
    pub fn collapses(&self) -> bool {
        match self {
            Found::Nothing(_) => true,
            Found::Pass(_) | Found::NotForVisitor(_) => false,
            Found::Discarded(_) | Found::Response(_) => {
                !self.stored().is_some_and(|stored| stored.lifetimes.validates_each_use())
            }
        }
    }

    /// Decides the next step of a request that got no response from the cache.
    pub fn unanswered(&self, method: &Method, request: &dyn RequestFields) -> Unanswered {
        let directives = request.value("cache-control");
        // "…the client only wishes to obtain a stored response" (RFC 9111 §5.2.1.7).
        if directives.is_some_and(|value| RequestDirectives::parse(&value).only_if_cached) {
            return Unanswered::OnlyIfCached;
        }
        match self {
            Found::NotForVisitor(reason) => Unanswered::GoesAlone(Some(reason.detail())),
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
    /// Makes the result of a lookup without a passing first variant.
    pub fn new(slot: Slot, beside: Option<Variant>, found: Found<B>) -> Lookup<B> {
        Lookup { slot, beside, passing: None, found }
    }

    /// The reason to forward the request, as `Cache-Status` names it (RFC 9211 §2.2).
    pub fn forward_reason(&self) -> Forward {
        match &self.found {
            Found::Nothing(reason) => *reason,
            Found::Pass(_) => Forward::UriMiss,
            Found::NotForVisitor(_) => Forward::Bypass,
            Found::Discarded(_) => Forward::Miss,
            Found::Response(_) => Forward::Stale,
        }
    }

    /// The further detail that `Cache-Status` gives, if there is any.
    pub fn detail(&self) -> Option<Detail> {
        match &self.found {
            Found::Pass(pass) => Some(pass.reason.detail()),
            Found::NotForVisitor(reason) => Some(reason.detail()),
            Found::Discarded(discarded) => Some(discarded.detail),
            Found::Response(candidate) => candidate.detail,
            Found::Nothing(_) => None,
        }
    }

    /// Sums up what is known of the page before the origin is asked. The choice of the first
    /// request depends on it.
    pub fn known_page(&self, has_lease: bool) -> KnownPage {
        match &self.found {
            Found::Discarded(_) | Found::Response(_) => KnownPage::Stored,
            Found::NotForVisitor(_) => KnownPage::NotForVisitor,
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

    /// The first variant's statement about the other variants, for the pass marker that replaces
    /// it.
    ///
    /// With it the others can still be found. `kept_until` is how long the cache keeps a response.
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
