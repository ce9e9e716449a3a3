//! Pure. The pages that are worth a write to the tier.

use std::time::Duration;

use http::header;

use crate::policy::key::CacheKey;
use crate::policy::stored::{BodyAt, StoredResponse};

/// The settings of the tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TierSettings {
    /// The pages that may be kept.
    pub pages: TierPages,
    /// The shortest fresh lifetime of a page that is kept.
    pub lifetime_min: Duration,
    /// The most bytes of a body.
    pub size_max: usize,
}

/// The pages that may be kept in the tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TierPages {
    /// All pages.
    #[default]
    All,
    /// Pages with a tag.
    Tagged,
    /// Pages of which a rule says so.
    ByRule,
}

/// The most fields by which the variants of a page in the tier may differ.
const FIELDS_MOST: usize = 3;

/// Tells whether a stored response may stand in the tier. `by_rule` is what a rule says, if one does.
/// `length` is that of its body; `None` if it is not held in memory. `is_first` tells whether nothing
/// of the page was stored before.
pub fn may_be_kept(
    key: &CacheKey,
    stored: &StoredResponse,
    length: Option<usize>,
    is_first: bool,
    by_rule: Option<bool>,
    settings: TierSettings,
) -> bool {
    let is_wanted = by_rule.unwrap_or(match settings.pages {
        TierPages::All => true,
        TierPages::Tagged => !stored.tags.is_empty(),
        TierPages::ByRule => false,
    });
    // A bot's made-up queries must not fill the tier: such a page is kept at its second store.
    let is_made_up = is_first && key.query().is_some();
    // Nor must its made-up paths.
    let is_error = stored.status.is_client_error() && stored.tags.is_empty() && by_rule.is_none();
    is_wanted
        && !is_made_up
        && !is_error
        && !stored.status.is_server_error()
        && stored.body == BodyAt::Inline
        && length.is_some_and(|length| length <= settings.size_max)
        && stored.lifetimes.fresh >= settings.lifetime_min.as_secs()
        && !stored.lifetimes.validates_each_use()
        && selects_by_few_values(stored)
        && key.foreign_origin().is_none()
}

/// Tells whether a page has few variants: cookies have too many values.
fn selects_by_few_values(stored: &StoredResponse) -> bool {
    let mut names = stored.variant.names();
    stored.variant.selecting.len() <= FIELDS_MOST && names.all(|name| header::COOKIE != name)
}
