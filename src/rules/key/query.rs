//! The parameters of the query that count in the key.

use crate::fields::sorting::sorted_by_text;
use crate::fields::url::form_decoded;
use crate::policy::key::CacheKey;
use crate::rules::wildcard::Wildcards;

/// The parameters of a query that count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryKey {
    /// The query counts as it is, byte for byte.
    All,
    /// No parameter counts.
    Nothing,
    /// The parameters with these names count, sorted by name.
    Only(Vec<Wildcards>),
    /// All parameters but those with these names count, sorted by name.
    Except(Vec<Wildcards>),
}

/// Parameters that advertisers and newsletters add to links. No origin makes a page by them.
pub const TRACKING: &[&str] = &[
    // Urchin, and all that followed it; Matomo.
    "utm_*",
    "mtm_*",
    "pk_campaign",
    "pk_kwd",
    // Google: Ads, Display, app campaigns, cross-domain measurement, Shopping.
    "gclid",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "_ga",
    "_gl",
    "srsltid",
    // Meta, Microsoft, X, TikTok, LinkedIn, Pinterest, Yandex, Snapchat.
    "fbclid",
    "igshid",
    "msclkid",
    "twclid",
    "ttclid",
    "li_fat_id",
    "epik",
    "yclid",
    "ScCid",
    // Mailchimp, HubSpot, Marketo, Klaviyo, Vero, Adobe Advertising.
    "mc_cid",
    "mc_eid",
    "_hsenc",
    "_hsmi",
    "__hstc",
    "__hsfp",
    "mkt_tok",
    "_kx",
    "vero_id",
    "ef_id",
    "s_kwcid",
];

impl QueryKey {
    /// Returns the key with the parameters that count, sorted by name; `None` if that is the key itself.
    pub fn applied_to(&self, key: &CacheKey) -> Option<CacheKey> {
        let query = key.query()?;
        let (names, kept) = match self {
            QueryKey::All => return None,
            QueryKey::Nothing => return Some(key.with_query("")),
            QueryKey::Only(names) => (names, true),
            QueryKey::Except(names) => (names, false),
        };
        let (mut parameters, mut is_changed) = (Vec::new(), false);
        for parameter in query.split('&') {
            let name = form_decoded(parameter.split('=').next().unwrap_or(""));
            if parameter.is_empty() || names.iter().any(|wanted| wanted.matches(&name)) != kept {
                is_changed = true;
                continue;
            }
            is_changed |= parameters.last().is_some_and(|(before, _)| *before > name);
            parameters.push((name, parameter));
        }
        if !is_changed {
            return None;
        }
        let mut sorted = String::new();
        for (_, parameter) in sorted_by_text(parameters, |(name, _)| name.clone()) {
            if !sorted.is_empty() {
                sorted.push('&');
            }
            sorted.push_str(parameter);
        }
        Some(key.with_query(&sorted))
    }
}
