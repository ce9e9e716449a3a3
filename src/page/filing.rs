//! Pure. Where a response is filed: under which key, and in the page's own slot or in that of a
//! further variant.

use http::HeaderName;

use crate::fields::no_vary_search::NoVarySearch;
use crate::fields::vary::Selecting;
use crate::page::found::Lookup;
use crate::policy::key::{CacheKey, Slot};
use crate::policy::stored::Variant;
use crate::policy::time::Time;

/// Where a response is stored, and which variant of its page it is.
pub struct Filed {
    pub slot: Slot,
    pub variant: Variant,
}

impl<B> Lookup<B> {
    /// Where the response to a request for `page` goes that varies by `own`, and what it is kept with.
    /// `selecting`: what the request says in given fields.
    ///
    /// Beside another variant it must be findable by the fields that the first one names. One that
    /// varies by more becomes the first, and names them all, from a new era on.
    pub fn filed_under(
        &self,
        page: &CacheKey,
        own: &[HeaderName],
        fetched_at: Time,
        selecting: impl Fn(&[&str]) -> Selecting,
    ) -> Filed {
        let own: Vec<&str> = own.iter().map(|name| name.as_str()).collect();
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

    /// The era of the first variant that is being replaced, if it names the same fields.
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
    /// The URL's own.
    AsAsked,
    /// The URL's own, although it was found by that of others: forget what its path said before.
    NoLongerShared,
    /// This one, which the response says that it shares with other URLs.
    Shared(CacheKey),
}

/// Under which key a response is stored: the one that it itself says it shares. What another response
/// of its path said need not hold for this one. `is_canonical`: the URL is spelt as its key is.
pub fn filed_key(asked: &CacheKey, said: Option<&NoVarySearch>, is_canonical: bool) -> FiledKey {
    let Some(said) = said else {
        return if is_canonical { FiledKey::AsAsked } else { FiledKey::NoLongerShared };
    };
    let shared = said.shared(asked);
    if shared == *asked { FiledKey::AsAsked } else { FiledKey::Shared(shared) }
}
