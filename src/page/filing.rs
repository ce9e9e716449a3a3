//! Where the answer to a request is filed: in the page's own slot, or in that of a further variant.

use http::HeaderName;

use crate::fields::vary::Selecting;
use crate::page::lookup::{Found, Lookup, names};
use crate::page::visit::Visit;
use crate::policy::key::Slot;
use crate::policy::stored::Variant;
use crate::policy::time::Time;

/// Where a response is stored, and which variant of its page it is.
pub struct Filed {
    pub slot: Slot,
    pub variant: Variant,
}

impl<B> Lookup<B> {
    /// Where the answer to a request goes that says `selecting` in the fields it varies by, and what
    /// it is kept with.
    ///
    /// Beside another variant it must be findable by the fields that the first one names. One that
    /// varies by more becomes the first, and names them all, from a new era on.
    pub fn filed_under(
        &self,
        visit: &Visit,
        own: &[HeaderName],
        fetched_at: Time,
        selecting: impl Fn(&[&str]) -> Selecting,
    ) -> Filed {
        let own: Vec<&str> = own.iter().map(|name| name.as_str()).collect();
        let page = visit.key.slot();
        let Some(first) = &self.beside else {
            let selecting = selecting(&own);
            let era = self.era_of(&selecting).unwrap_or(fetched_at);
            return Filed { slot: page, variant: Variant { selecting, era } };
        };
        let mut named: Vec<&str> = first.names().collect();
        let are_known = own.iter().all(|name| named.contains(name));
        named.extend(own);
        let selecting = selecting(&named);
        if are_known {
            let slot = visit.key.variant_slot(first.era, &selecting);
            Filed { slot, variant: Variant { selecting, era: first.era } }
        } else {
            Filed { slot: page, variant: Variant { selecting, era: fetched_at } }
        }
    }

    /// The era of the first variant that is being replaced, if it names the same fields.
    fn era_of(&self, selecting: &Selecting) -> Option<Time> {
        let replaced = match (&self.found, &self.passing) {
            (Found::Response(candidate), _) => &candidate.stored.variant,
            (_, Some(passing)) => &passing.variant,
            _ => return None,
        };
        replaced.names().eq(names(selecting)).then_some(replaced.era)
    }
}
