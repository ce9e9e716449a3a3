//! What may be stored, what may be shown, and what a purge does to it. All of it is pure: no
//! runtime, no `async`, no clock; `now` is an argument.
//!
//! # The decision table
//!
//! | Decision | when | `Cache-Status` | where |
//! |---|---|---|---|
//! | Bypass | method, `Upgrade`, `Authorization`, login cookie, rule, a long URL or field | `fwd=bypass; detail=…` | [`reuse::bypass`] |
//! | Not for this visitor | their cookies may mean something; another representation | `fwd=bypass; detail=cookie` | [`sharing`] |
//! | Serve | fresh, not purged | `hit; ttl=N` | [`reuse::decide`] |
//! | ServeStale | stale or soft-purged, inside `stale-while-revalidate` | `hit; ttl=-N; detail=revalidating` | [`reuse::decide`] |
//! | Revalidate | past that window, `no-cache`, `must-revalidate`, purge records unreadable | `fwd=stale; fwd-status=304` | [`reuse::decide`] |
//! | ServeStale on error | the origin fails, inside `stale-if-error` | `hit; ttl=-N; fwd-status=503` | [`reuse::decide`] |
//! | Discard | hard-purged, older than the greatest age | `fwd=miss; detail=purged` | [`reuse::decide`] |
//! | Fetch | nothing stored, or another variant | `fwd=uri-miss`, `fwd=vary-miss` | the flow |
//! | Pass | turned out uncacheable a short while ago | `fwd=uri-miss; detail=<why>` | the flow |
//! | Plain first, own first | nothing stored: what pages of its section were like | | [`refresh::guess`] |
//! | A plain answer | stores, removes, leaves, or is refused | `detail=plain-refused` | [`refresh::answers::plain_answer`] |
//! | An own answer | promises that the page may be shared, or not | `detail=<why not>` | [`refresh::answers::own_answer`] |
//! | A further variant | stored at its second request; no place left | `detail=variants` | [`sharing::variants`] |
//! | Store | a whole response with a lifetime or a validator | `stored` | [`storing::storing`] |
//! | Refuse | private, no-store, Set-Cookie, `Vary: *`, … | `detail=private` | [`storing::storing`] |
//!
//! What a plain request carries, and why only its answer is shared, is [`refresh::plain`]'s to say. Whether a
//! purge record outdates a stored response is [`fence`]'s, and its module docs hold the argument.

pub mod bypass;
pub mod cookies;
pub mod fence;
pub mod format;
pub mod freshness;
pub mod key;
pub mod part;
pub mod refresh;
pub mod reuse;
pub mod sharing;
pub mod stand_in;
pub mod stored;
pub mod storing;
pub mod tag;
pub mod time;
pub mod timing;
