//! Pure. Where a response is filed: under which key, and in the page's own slot or in that of a
//! further variant.

use http::HeaderName;

use crate::fields::no_vary_search::NoVarySearch;
use crate::fields::vary::Selecting;
use crate::page::found::Lookup;
use crate::policy::key::{CacheKey, Slot};
use crate::policy::stored::Variant;
use crate::policy::time::Time;

/// The place of a response, and the variant of its page that it is.
pub struct Filed {
    /// The slot to store it in.
    pub slot: Slot,
    /// The fields and values that select it.
    pub variant: Variant,
}

impl<B> Lookup<B> {
    /// Finds the slot for a response that varies by `own`, and the variant to store with it.
    /// `selecting` reads the request's values of given fields.
    ///
    /// A further variant must be found by the fields that the first one names. A response that
    /// varies by more fields becomes the first variant. It names all of them, and begins a new era.
    pub fn filed_under(
        &self,
        page: &CacheKey,
        own: &[HeaderName],
        fetched_at: Time,
        selecting: impl Fn(&[&str]) -> Selecting,
    ) -> Filed {
        let own: Vec<&str> = own.iter().map(|name| name.as_str()).collect();
        // No other variant has the page's own slot: the response becomes the first variant.
        let Some(first) = &self.beside else {
            let selecting = selecting(&own);
            let era = self.era_of(&selecting).unwrap_or(fetched_at);
            return Filed { slot: page.slot(), variant: Variant { selecting, era } };
        };
        let mut named: Vec<&str> = first.names().collect();
        let are_known = own.iter().all(|name| named.contains(name));
        named.extend(own);
        let selecting = selecting(&named);
        if are_known {
            let slot = page.variant_slot(first.era, &selecting);
            Filed { slot, variant: Variant { selecting, era: first.era } }
        } else {
            Filed { slot: page.slot(), variant: Variant { selecting, era: fetched_at } }
        }
    }

    /// The era of the first variant that is being replaced, if it names the same fields. The other
    /// variants stay reachable then.
    fn era_of(&self, selecting: &Selecting) -> Option<Time> {
        let stored = self.found.stored().map(|stored| &stored.variant);
        let replaced = stored.or(self.passing.as_ref().map(|passing| &passing.variant))?;
        let named = selecting.iter().map(|(name, _)| name.as_str());
        replaced.names().eq(named).then_some(replaced.era)
    }
}

/// The key that a response is stored under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FiledKey {
    /// The requested URL's own key.
    AsAsked,
    /// The requested URL's own key, although a shared one was noted: forget the note of its path.
    NoLongerShared,
    /// This key, which the response declares to share with other URLs.
    Shared(CacheKey),
}

/// Chooses the key that a response is stored under: the one that it declares in its own
/// `No-Vary-Search`.
///
/// Another response of the path may declare another key. `is_canonical` tells whether the URL is
/// spelt as its key is.
pub fn filed_key(asked: &CacheKey, said: Option<&NoVarySearch>, is_canonical: bool) -> FiledKey {
    let Some(said) = said else {
        return if is_canonical { FiledKey::AsAsked } else { FiledKey::NoLongerShared };
    };
    let shared = said.shared(asked);
    if shared == *asked { FiledKey::AsAsked } else { FiledKey::Shared(shared) }
}
