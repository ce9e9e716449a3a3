//! From the tier into the data centre's cache.

use std::rc::Rc;

use futures::future::join;
use serde::Serialize;

use crate::durable::forgotten_until;
use crate::durable::key::TierKey;
use crate::fields::vary::Selecting;
use crate::isolate::complaints::Complaint;
use crate::json::{self, from_object};
use crate::page::found::Lookup;
use crate::page::lookup::read_slot;
use crate::page::visit::Visit;
use crate::platform::complain::complain;
use crate::platform::tasks::within;
use crate::platform::{Document, Platform};
use crate::policy::fence::Purged;
use crate::policy::key::Slot;
use crate::policy::stored::{Stored, StoredResponse, Variant};
use crate::policy::time::Time;
use crate::policy::timing::KV_READ_LIMIT;
use crate::purge::records::purged;

/// The fields by which the variants of a page differ: what the page's own key holds if there are any.
#[derive(Debug, Serialize)]
pub(super) struct SelectedBy {
    /// The names of the fields.
    pub names: Vec<String>,
    /// The time of the first variant. Variants from before were forgotten with the page.
    pub since: Time,
}

from_object!(SelectedBy, [names, since], or_default: []);

/// What a data centre wants from the tier.
#[derive(Clone)]
pub struct Wanted {
    /// The visitor's request.
    pub visit: Visit,
    /// The slot of the data centre's cache in which a response would be found.
    slot: Slot,
    /// The page's first variant in this data centre, if the request selects a further one.
    beside: Option<Variant>,
    /// The time of the response that the data centre has.
    has_of: Option<Time>,
}

impl Wanted {
    /// The variant that `lookup` did not find, or found outdated. `None`: no tier is bound, or the page is for
    /// scripts of another site.
    pub fn new<P: Platform>(
        platform: &P,
        visit: &Visit,
        lookup: &Lookup<P::Body>,
    ) -> Option<Wanted> {
        if !platform.has_tier() || visit.key.foreign_origin().is_some() {
            return None;
        }
        Some(Wanted {
            visit: visit.clone(),
            slot: lookup.slot.clone(),
            beside: lookup.beside.clone(),
            has_of: lookup.found.stored().map(|stored| stored.provenance.fetched_at),
        })
    }
}

/// A response that the tier has.
pub struct TierResponse<B> {
    /// The response without its body.
    pub stored: StoredResponse,
    /// Its body.
    pub body: B,
}

/// Finds a later response in the tier than the data centre has. The reads take [`KV_READ_LIMIT`] at most.
pub async fn find<P: Platform>(platform: P, wanted: Wanted) -> Option<TierResponse<P::Body>> {
    let read = within(&platform, KV_READ_LIMIT, read(&platform, &wanted)).await;
    let copy = read.flatten()?;
    // broken: tier-forgets-nothing
    let forgotten = forgotten_until(&platform, &wanted.visit.key).await;
    let fetched_at = copy.stored.provenance.fetched_at;
    if wanted.has_of.max(forgotten).is_some_and(|before| fetched_at <= before) {
        return None;
    }
    // A rule of today may keep the page out of the tier.
    let TierResponse { stored, .. } = &copy;
    let rules = platform.config().rules();
    if rules.durable(&wanted.visit.key, stored.status, &stored.headers) == Some(false) {
        return None;
    }
    // A response that a hard purge outdates would be discarded at once.
    (purged(&platform, &wanted.visit, &copy.stored) != Purged::Hard).then_some(copy)
}

/// Reads the variant that the visitor's fields select.
async fn read<P: Platform>(platform: &P, wanted: &Wanted) -> Option<TierResponse<P::Body>> {
    let Wanted { visit, beside, .. } = wanted;
    // Most pages that vary do so by the content coding alone, so that variant is read at once.
    let likely = match beside {
        Some(first) => visit.selecting(first.names()),
        None => visit.selecting(["accept-encoding"]),
    };
    let of_page = TierKey::of_page(&visit.key);
    let of_page = entry(platform, &of_page);
    let (of_page, of_likely) = join(of_page, variant(platform, visit, &likely)).await;
    // Without the page's own entry, the page was forgotten.
    let Document { metadata, body } = of_page?;
    let is_further = beside.is_some();
    let Some(SelectedBy { names, since }) = json::read(&metadata) else {
        return response(&metadata, &Selecting::new(), body).filter(|_| !is_further);
    };
    let selecting = visit.selecting(names.iter().map(String::as_str));
    let found = match of_likely {
        likely_one if selecting == likely => likely_one,
        _ if is_further => None,
        _ => variant(platform, visit, &selecting).await,
    };
    // broken: tier-variants-come-back
    found.filter(|found| found.stored.provenance.fetched_at >= since)
}

async fn variant<P: Platform>(
    platform: &P,
    visit: &Visit,
    selecting: &Selecting,
) -> Option<TierResponse<P::Body>> {
    let Document { metadata, body } =
        entry(platform, &TierKey::of_variant(&visit.key, selecting)).await?;
    response(&metadata, selecting, body)
}

/// Reads the metadata of an entry. What is not the wanted variant counts as absent.
fn response<B>(metadata: &str, selecting: &Selecting, body: B) -> Option<TierResponse<B>> {
    let Some(Stored::Response(stored)) = Stored::of_text(metadata) else { return None };
    let is_wanted = stored.variant.selecting == *selecting;
    is_wanted.then(|| TierResponse { stored: Rc::unwrap_or_clone(stored), body })
}

async fn entry<P: Platform>(platform: &P, key: &TierKey) -> Option<Document<P::Body>> {
    platform.tier_read(key).await.unwrap_or_else(|error| {
        complain(platform, Complaint::DurableTier, || {
            format!("the durable tier could not be read from KV: {error}")
        });
        None
    })
}

/// Puts a copy into the slot in which the data centre finds it, unless that has a later response.
///
/// Hold the lease of the page. The cache has no compare-and-swap: of two writes at the same moment the
/// earlier response may land last.
pub async fn put_into_cache<P: Platform>(
    platform: &P,
    wanted: &Wanted,
    copy: TierResponse<P::Body>,
) {
    let Wanted { visit, slot, beside, .. } = wanted;
    let TierResponse { mut stored, body } = copy;
    let fetched_at = stored.provenance.fetched_at;
    // broken: tier-copy-is-new
    // The time since which a variant selects is the data centre's own.
    stored.variant.era = beside.as_ref().map_or(fetched_at, |first| first.era);
    let config = platform.config();
    let life = stored.kept_for(config.longest_grant(), config.max_life, platform.now());
    if life.is_zero() || is_stored_later(platform, wanted, fetched_at).await {
        return;
    }
    let at = if beside.is_some() { slot.clone() } else { visit.key.slot() };
    let metadata = Stored::Response(Rc::new(stored)).to_text();
    // The lookup that follows finds what was kept.
    let _ = platform.cache_put(&at, Document { metadata, body }, life).await;
}

/// Tells whether the data centre has the same response meanwhile, or a later one, or a mark that the page
/// passes.
pub async fn is_stored_later<P: Platform>(platform: &P, wanted: &Wanted, fetched_at: Time) -> bool {
    let current = read_slot(platform, &wanted.visit.key, &wanted.slot).await;
    current.is_some_and(|current| current.stored.fetched_at() >= fetched_at)
}
