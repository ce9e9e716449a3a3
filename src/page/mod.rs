//! A visitor's request, from the lookup to the response. Its journey:
//!
//! 1. [`serve::serve`] detects loops, and forwards what must not be cached with
//!    [`forward::bypass`].
//! 2. [`lookup::look`] reads the slot of the page or of a variant, and judges the stored response.
//! 3. [`shared_key::shared_key`] may name a second key to look up, for a URL with a query.
//! 4. [`hit::hit`] answers with a fresh response, or a stale one that a background refresh renews.
//! 5. [`found::Found::unanswered`] decides what happens to every other request.
//! 6. [`fill::fill`] takes the lease ([`crate::lease::acquire`]), or waits for its holder and looks
//!    again.
//! 7. [`refresh::Refresh::run`] sends the origin a plain request, or the visitor's own.
//! 8. [`refresh`] stores the response, freshens the stored one, or marks the page as one that
//!    passes.
//! 9. [`reply::Reply`] hands the visitor the response. Storing goes on after that.
//! 10. [`crate::lease::LeaseEnd`] tells the waiting requests how the lease ended.

pub mod answer;
pub mod filing;
pub mod fill;
pub mod forward;
pub mod found;
pub mod hit;
pub mod keyed_fields;
pub mod lookup;
pub mod refresh;
pub mod reply;
pub mod request_log;
pub mod serve;
pub mod server_timing;
pub mod shared_key;
pub mod variants;
pub mod visit;
