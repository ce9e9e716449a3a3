//! Where the answer to a request is filed: in the page's own slot, or in that of a further variant.

use http::HeaderName;

use crate::fields::vary::Selecting;
use crate::page::lookup::{Found, Lookup, names};
use crate::page::visit::Visit;
use crate::policy::key::Slot;
use crate::policy::time::Time;

/// Where a response is stored, and what it is selected by.
pub struct Filed {
    pub slot: Slot,
    pub selecting: Selecting,
    pub era: Time,
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
        let Some(first) = &self.beside else {
            let selecting = selecting(&own);
            let era = self.era_of(&selecting).unwrap_or(fetched_at);
            return Filed { slot: visit.key.slot(), selecting, era };
        };
        let mut named: Vec<&str> = names(&first.selecting).collect();
        let are_known = own.iter().all(|name| named.contains(name));
        named.extend(own);
        let selecting = selecting(&named);
        match are_known {
            true => {
                let slot = visit.key.variant_slot(first.era, &selecting);
                Filed { slot, selecting, era: first.era }
            }
            false => Filed { slot: visit.key.slot(), selecting, era: fetched_at },
        }
    }

    /// The era of the first variant that is being replaced, if it names the same fields.
    fn era_of(&self, selecting: &Selecting) -> Option<Time> {
        let (first, era) = match (&self.found, &self.passing) {
            (Found::Response(candidate), _) => (&candidate.stored.selecting, candidate.stored.era),
            (_, Some(passing)) => (&passing.variant.selecting, passing.variant.era),
            _ => return None,
        };
        names(first).eq(names(selecting)).then_some(era)
    }
}
