//! Asking the origin for a page: the request that is sent first, and the use of each response.
//!
//! Only the response to a plain request is stored or shared, or says anything of the page
//! (`policy::refresh::plain`). The response to a visitor's own request goes to that visitor. If it
//! says that such a page may be shared, a plain request follows in the background, under the same
//! lease.
//!
//! The order of steps matters. The count of known purges and the time are taken before each plain
//! request is sent. The waiting requests are told as soon as their outcome is known.
//!
//! | file | content |
//! |---|---|
//! | `plain` | the plain request, and the meaning of its response |
//! | `own` | the visitor's own request, and what its response tells |
//! | `store` | a whole response is read to its end, and stored |
//! | `provenance` | the tags of a response, and the purges that the origin knew of |
//! | `put` | nothing replaces a response that was fetched later |
//! | `not_modified` | a 304 freshens the stored response |
//! | `failed` | the origin failed, or refuses the edge |
//! | `passing` | the page is not for all |

mod failed;
mod not_modified;
mod own;
mod passing;
mod plain;
mod provenance;
mod put;
mod store;

use std::mem;
use std::rc::Rc;

use http::StatusCode;
use http::header::{HeaderMap, HeaderName};

use crate::fields::cache_status::{CacheStatus, Forward};
use crate::fields::forwarding::drop_harmless_cookies;
use crate::fields::relocation;
use crate::fields::vary::Selecting;
use crate::lease::Lease;
use crate::lease::LeaseEnd;
use crate::page::found::{Found, Lookup};
use crate::page::reply::Reply;
use crate::page::visit::Visit;
use crate::page::{answer, forward};
use crate::platform::Platform;
use crate::policy::key::CacheKey;
use crate::policy::refresh::answers::OwnAnswer;
use crate::policy::refresh::first::{FirstRequest, first_request};
use crate::policy::refresh::guess::{Order, Section};
use crate::policy::stored::StoredResponse;
use crate::policy::storing::ruled::Ruled;
use crate::policy::storing::{Refusal, Storing, storing};
use crate::policy::time::Time;
use crate::purge::knowledge::Knowledge;

/// The requests to the origin on behalf of a slot.
///
/// Every method that takes `self` by value ends the refresh: it sends the response, stores it, and
/// ends the lease.
pub struct Refresh<P: Platform> {
    pub(crate) platform: P,
    pub(crate) visit: Visit,
    pub(crate) lookup: Lookup<P::Body>,
    /// The lease of the slot, if this request holds it.
    pub(crate) lease: Option<Lease<P>>,
    /// The reason to ask the origin, for `Cache-Status`.
    pub(crate) reason: Forward,
    /// The number of purge records that this isolate had learned before the request was sent.
    pub(crate) knowledge: Knowledge,
    /// The time before the request was sent: the response's `fetched_at`, unless the response is
    /// older.
    pub(crate) began: Time,
    /// The visitor's fields in the request whose response is being handled.
    pub(crate) carried: HeaderMap,
    /// Whether the origin must not be asked to validate: its 304 was about another response.
    pub(crate) unconditional: bool,
    /// The meaning of the response to the visitor's own request, if one was sent before.
    own: Option<OwnAnswer>,
    /// Whether this isolate already knows from this refresh that the page passes.
    announced: bool,
    /// Whether a plain request was sent again with more of the visitor's fields. It is sent again
    /// once at most.
    sent_again: bool,
    /// The names of cookies that rules stripped off the response.
    stripped: Vec<String>,
    /// Whether the stored response is not for all any more, as its own revalidation says.
    pub(crate) turned_away: bool,
}

impl<P: Platform> Refresh<P> {
    /// Prepares a refresh of what `lookup` found. Call [`Refresh::run`] next.
    pub fn new(
        platform: P,
        visit: Visit,
        lookup: Lookup<P::Body>,
        lease: Option<Lease<P>>,
    ) -> Refresh<P> {
        let knowledge = Knowledge::now(&platform);
        let began = platform.now();
        let reason = lookup.forward_reason();
        let carried = HeaderMap::new();
        Refresh {
            platform,
            visit,
            lookup,
            lease,
            reason,
            knowledge,
            began,
            carried,
            unconditional: false,
            own: None,
            announced: false,
            sent_again: false,
            stripped: Vec::new(),
            turned_away: false,
        }
    }

    /// Asks the origin, sends the visitor the response if one waits, stores it, and ends the lease.
    ///
    /// The first request depends on what is known of the page. A visitor's own request costs a
    /// second one if the page can be shared. A plain one is wasted on a page that needs the
    /// visitor's cookies.
    pub async fn run(self, reply: Reply<P>) {
        // An unsafe request that comes meanwhile must invalidate the response that is on its way
        // (`purge::invalidate`).
        let key = &self.visit.key;
        for page in [key.of_url().for_origin(key.foreign_origin().map(str::to_owned)), key.of_url()]
        {
            self.platform.isolate().asked.note(&page.slot(), self.began, self.began);
        }
        let plain = self.visit.plain_fields(&self.lookup.varies_by());
        let added = self.visit.added_to(&plain);
        let page = self.lookup.known_page(self.lease.is_some());
        match first_request(page, &added, self.order(&added)) {
            FirstRequest::Plain => self.plain_first(reply, plain).await,
            FirstRequest::PlainOnSuspicion => {
                let plain = self.visit.plain_fields(&self.suspected());
                self.plain_first(reply, plain).await;
            }
            FirstRequest::OwnThenPlain => self.own_first(reply, true).await,
            FirstRequest::OwnAlone => self.own_first(reply, false).await,
        }
    }

    /// Chooses the first request for a page of which nothing is stored: by a rule, or by a guess
    /// from similar pages.
    fn order(&self, added: &[HeaderName]) -> Order {
        let key = &self.visit.key;
        if self.platform.config().rules().plain_first(key) {
            return Order::PlainFirst;
        }
        let (section, now) = (Section::of(key), self.platform.now());
        self.platform.isolate().sections.with(|sections| sections.order(section, added, now))
    }

    /// The fields that similar pages vary by.
    fn suspected(&self) -> Vec<HeaderName> {
        self.platform.isolate().sections.with(|sections| sections.varies(&self.visit.key).to_vec())
    }

    /// Tells whether the request carried all that the visitor's own would. Its response is then
    /// good for the visitor.
    pub(crate) fn carries_all_of_visitor(&self) -> bool {
        self.visit.added_to(&self.carried).is_empty()
    }

    /// The stored response that the origin is asked to validate.
    fn compared(&self) -> Option<&StoredResponse> {
        self.lookup.found.to_validate().filter(|_| !self.unconditional)
    }

    /// Takes the found response out of the lookup.
    pub(crate) fn take_found(&mut self) -> Found<P::Body> {
        mem::replace(&mut self.lookup.found, Found::Nothing(self.reason))
    }

    /// Takes the response that was stored before, without its body.
    pub(crate) fn take_prior(&mut self) -> Option<Rc<StoredResponse>> {
        let (prior, _) = self.take_found().into_stored()?;
        Some(prior)
    }

    /// Decides whether a response may be stored.
    ///
    /// A redirect to its own URL is refused first: every visitor would get the loop. Nor may a
    /// response with too many tags be stored, because a purge could miss it.
    pub(crate) fn judge(&self, status: StatusCode, headers: &HeaderMap) -> Storing {
        let key = &self.visit.key;
        let rules = self.platform.config().rules();
        let keyed = |target: CacheKey| rules.key(&target).unwrap_or(target);
        if status.is_redirection() && relocation::redirects_to(headers, key, keyed) {
            return Storing::Refuse(Refusal::RedirectsToItself);
        }
        if self.tag_set(status, headers, headers).overflowed {
            return Storing::Refuse(Refusal::TooManyTags);
        }
        let (terms, ruled) = (self.platform.config().storing, self.ruled(status, headers));
        storing(status, headers, &*self.visit.fields, terms, ruled, self.platform.now())
    }

    /// Drops the cookies that are no reason not to store a response. Returns the names of those that
    /// a rule strips.
    fn drop_harmless_cookies(&self, status: StatusCode, headers: &mut HeaderMap) -> Vec<String> {
        let (rules, key) = (self.platform.config().rules(), &self.visit.key);
        let harmless = match self.compared().filter(|_| status == StatusCode::NOT_MODIFIED) {
            Some(stored) => rules.harmless(key, stored.status, &stored.headers),
            None => rules.harmless(key, status, headers),
        };
        drop_harmless_cookies(headers, harmless)
    }

    /// What the rules say about storing a response.
    fn ruled(&self, status: StatusCode, headers: &HeaderMap) -> Ruled {
        self.platform.config().rules().ruled(&self.visit.key, status, headers)
    }

    /// The build of the site that a response is bound to, if a rule says so.
    fn build(&self, ruled: &Ruled) -> Option<String> {
        ruled.of_old_build.and_then(|_| self.platform.config().build.clone())
    }

    /// The values that the request had in the fields that its response varies by.
    pub(crate) fn selecting(&self, names: &[&str]) -> Selecting {
        self.visit.selecting_in(&self.carried, names.iter().copied())
    }

    /// The `Cache-Status` of a response that the origin was asked for.
    pub(crate) fn status(&self, reply: &Reply<P>, status: StatusCode) -> CacheStatus {
        CacheStatus {
            detail: reply.detail.or(self.lookup.detail()),
            ..CacheStatus::forwarded(self.reason).answered(status.as_u16())
        }
    }

    /// Ends the lease, if this refresh has one and has not ended it yet.
    pub(crate) async fn end(&mut self, outcome: LeaseEnd) {
        if let Some(lease) = self.lease.take() {
            lease.end(outcome).await;
        }
    }
}

/// Sends the visitor's own request to the origin, and the visitor its response.
pub(crate) async fn answer_with_own<P: Platform>(
    platform: &P,
    visit: &Visit,
    reply: &mut Reply<P>,
    status: CacheStatus,
) {
    let request = forward::own_page_request(visit);
    let answer = match forward::fetch(platform, visit, request).await {
        Ok(response) => {
            let status = status.answered(response.status.as_u16());
            answer::passed_on(platform, visit, response, status)
        }
        Err(error) => answer::failed(platform, &error, status.answered(error.status().as_u16())),
    };
    reply.send(answer);
}
