//! The `Cache-Control` of a request (RFC 9111 §5.2.1). Only `only-if-cached` counts by default. The
//! others need the setting `REQUEST_DIRECTIVES`, because they let a visitor force reloads for all.

use std::time::Duration;

use crate::fields::cache_control::{delta_seconds, list};
use crate::fields::steps::steps;
use crate::policy::reuse::Verdict;

/// The directives of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestDirectives {
    /// The directive `no-cache`.
    pub no_cache: bool,
    /// The directive `no-store`.
    pub no_store: bool,
    /// The directive `only-if-cached`.
    pub only_if_cached: bool,
    max_age: Option<Duration>,
    min_fresh: Option<Duration>,
    /// The staleness that the visitor accepts. `max-stale` without a number accepts any.
    max_stale: Option<Duration>,
}

impl RequestDirectives {
    /// Reads the value of `Cache-Control`. Unknown directives are ignored.
    pub fn parse(value: &str) -> RequestDirectives {
        let mut asked = RequestDirectives::default();
        for member in list(value) {
            steps(member.len());
            let (name, argument) = match member.split_once('=') {
                Some((name, argument)) => (name, Some(argument)),
                None => (member, None),
            };
            let seconds = argument.and_then(|text| delta_seconds(text.trim_matches('"')));
            match name.to_ascii_lowercase().as_str() {
                "no-cache" => asked.no_cache = true,
                "no-store" => asked.no_store = true,
                "only-if-cached" => asked.only_if_cached = true,
                "max-age" => asked.max_age = seconds,
                "min-fresh" => asked.min_fresh = seconds,
                "max-stale" => {
                    asked.max_stale = seconds.or(argument.is_none().then_some(Duration::MAX));
                }
                _ => {}
            }
        }
        asked
    }

    /// Applies the directives to the verdict on a stored response of this age. They may demand a
    /// validation, or (`max-stale`) allow a stale response. They never revive a discarded one.
    pub fn apply_to(&self, verdict: Verdict, age: u64, never_stale: bool) -> Verdict {
        let ttl = match verdict {
            Verdict::Serve { ttl } | Verdict::ServeStale { ttl } => ttl,
            Verdict::Revalidate { ttl, .. } => {
                let stale = Duration::from_secs(u64::try_from(-ttl).unwrap_or(0));
                let contents = self.max_stale.is_some_and(|most| stale <= most) && !never_stale;
                return if contents && ttl <= 0 { Verdict::Serve { ttl } } else { verdict };
            }
            Verdict::Discard { .. } => return verdict,
        };
        let too_old = self.max_age.is_some_and(|most| Duration::from_secs(age) > most);
        let too_stale = self.min_fresh.is_some_and(|least| {
            u64::try_from(ttl).map_or(Duration::ZERO, Duration::from_secs) < least
        });
        if self.no_cache || too_old || too_stale {
            Verdict::Revalidate { ttl, on_error_until: None }
        } else {
            verdict
        }
    }
}
