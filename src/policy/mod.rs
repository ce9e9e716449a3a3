//! Decisions about storing and showing responses, and about the effect of a purge. They are pure:
//! no runtime, no `async`, no clock; `now` is an argument.
//!
//! # The decision table
//!
//! Each behaviour has a row, and each row names the code that decides it. Decisions about a lookup,
//! a lease, a purge or the tag graph are in pure files beside their flows.
//!
//! ## The response to a request
//!
//! | Decision | when | `Cache-Status` | where |
//! |---|---|---|---|
//! | Loop | forwarding would bring the request back to this edge | `detail=loop` | [`bypass::loops`] |
//! | Bypass | method, `Upgrade`, `Authorization`, login cookie, rule, `no-store`, a long URL or field | `fwd=bypass; detail=…` | [`bypass::bypass`] |
//! | Rules | what they say of a request, and of a response; wrong ones | `detail=rule`, `detail=rules-invalid` | [`Rules::bypass`], [`Rules::ruled`] |
//! | Shared key | nothing is stored for a URL with a query, and its path shares a response between queries | | [`NoVarySearch::shared`] |
//! | Another variant | the request's fields differ from those of the page's first variant | `fwd=vary-miss` | [`sharing::selects`] |
//! | Not for this visitor | a cookie may mean something; another representation is requested | `fwd=bypass; detail=cookie` | [`sharing::not_shared`], [`sharing::not_comparable_unseen`] |
//! | Serve | fresh, not purged | `hit; ttl=N` | [`reuse::decide`] |
//! | ServeStale | stale or soft-purged, inside `stale-while-revalidate` | `hit; ttl=-N; detail=revalidating` | [`reuse::decide`] |
//! | Revalidate | past that window, `no-cache`, `must-revalidate`, purge records unreadable | `fwd=stale; fwd-status=304` | [`reuse::decide`] |
//! | Discard | hard-purged, older than the greatest age | `fwd=miss; detail=purged` | [`reuse::decide`] |
//! | Purged | a record of one of its tags outdates the response | | [`fence`] |
//! | The visitor's directives | `no-cache`, `max-age`, `min-fresh`, `max-stale` of the request, if heeded | | [`RequestDirectives::apply_to`] |
//! | A part | `Range`, and no condition that holds | | [`part::sent`] |
//! | Why forwarded | nothing stored, another variant, stale, discarded, passes | `fwd=…; detail=…` | [`Lookup::forward_reason`], [`Lookup::detail`] |
//! | Only if cached | the request wants no request to the origin | `detail=only-if-cached` | [`Found::unanswered`] |
//! | Goes alone | its response fills nothing: a HEAD or a range of a response that is not stored | `detail=range` | [`Found::unanswered`] |
//!
//! ## Requests that share one request to the origin
//!
//! | Decision | when | `Cache-Status` | where |
//! |---|---|---|---|
//! | Collapse | except for a page that passes, or a response validated at each use | | [`Found::collapses`] |
//! | Wait no longer | a request has waited for the lives of two leases | | [`collapsing::has_waited_enough`] |
//! | Handed on | another request stored the response meanwhile | `fwd=…; collapsed` | [`collapsing::after_waiting`] |
//! | End of the lease | stored, uncacheable, failed, abandoned | | [`LeaseEnd`] |
//! | A failure, and an own request in its place | one failure, several, credentials | `detail=plain-refused` | [`LeaseEnd::of_failure_with_own`] |
//! | A body not kept | it broke off, its visitor reads too slowly, the cache kept nothing | | [`LeaseEnd::of_body`] |
//! | Pass | the page turned out uncacheable less than [`PASS_FOR`] ago | `fwd=uri-miss; detail=<why>` | [`stored::PassMarker`], [`stored::Pass::as_told`] |
//! | Back off | a refresh failed, or brought a response that was made before a purge | `detail=origin-failed`, `detail=origin-behind` | [`backoff::Failure`] |
//!
//! ## Requests to the origin, and the meaning of its responses
//!
//! | Decision | when | `Cache-Status` | where |
//! |---|---|---|---|
//! | Plain first, own first | by the page, if it is known, and by the pages of its section | | [`first::first_request`], [`guess`] |
//! | Fields of a plain request | fields that select, and the edge's own | | [`plain::plain_fields`] |
//! | As good as plain | `Vary` names all that an own request added | | [`plain::may_be_as_good`], [`plain::is_as_good_as_plain`] |
//! | Response to a plain request | it is stored, or the stored one goes or stays; a refusal; one visitor's | `detail=plain-refused` | [`answers::plain_answer`] |
//! | No response | the stored one stays, or an own request is sent once | | [`answers::no_answer`] |
//! | A 304 | it confirms the stored response, or another one | `fwd=stale; fwd-status=304` | [`answers::not_modified`] |
//! | Response to an own request | it promises that the page may be shared, or not | `detail=<why not>` | [`answers::own_answer`] |
//! | After an own request | a plain one follows, the page passes, or nothing was learned | | [`answers::after_own`] |
//! | Failed or refused | the plain request was refused, or failed twice within two minutes; own requests succeed: the page passes | `detail=plain-refused` | [`backoff::failed_lately`] |
//! | When not for all | the visitor gets the response to the plain request, or to an own request | | [`passing::when_not_for_all`] |
//! | Scope of a failure | the page, a variant, one visitor's credentials | | [`backoff::failure_of`] |
//! | Stand-in | the origin fails, inside `stale-if-error` | `hit; ttl=-N; fwd-status=503` | [`stand_in::stand_in`], [`Found::since`] |
//! | The origin is behind | its cache had the response before a purge, or calls it stale | `detail=origin-behind` | [`freshness::Made::is_behind`] |
//!
//! ## Storing
//!
//! | Decision | when | `Cache-Status` | where |
//! |---|---|---|---|
//! | Store | a whole response with a lifetime or a validator | `stored` | [`storing::storing`] |
//! | Stored by a rule | it sets aside the origin's lifetime, or another word of it; so for what was stored before | `stored` | [`storing::ruled`] |
//! | Refuse | private, no-store, Set-Cookie, `Vary: *`, … | `detail=private` | [`storing::storing`] |
//! | Withhold | fields that `no-cache` or `private` names | | [`storing::withhold`] |
//! | For all | the response says that it is for visitors with cookies, too | | [`sharing::says_it_is_for_all`] |
//! | For this visitor | the response to a plain request suits the visitor that waits for it | | [`sharing::is_for_visitor`] |
//! | Filed | under the URL's key or a shared one; as the first variant or a further one | | [`filing`] |
//! | A further variant | stored at its second request; no place left | `detail=variants` | [`variants`] |
//! | Overtaken | the content of the slot was fetched later | | [`overtaking::put`] |
//! | Purged meanwhile | a hard purge was learned while the origin was asked: not stored | | [`fence`] |
//! | Others stay | the page's first variant passes, and the others do not | | [`Lookup::passing_first`] |
//! | Kept for | to the end of the last window, longer with a validator | | [`stored::StoredResponse::kept_for`] |
//!
//! ## The effects of a change
//!
//! | Decision | when | where |
//! |---|---|---|
//! | Invalidation | an unsafe request succeeded: its URL, URLs and groups that the response names | [`targets`] |
//! | The tag graph | a store whose tags differ from what the graph holds, within a budget; no 404 or 410 | [`diff`] |
//! | KV is not read | it failed or timed out a moment ago | [`KvError::rest_after`] |
//! | Time limits | all that are no settings, and which must exceed which | [`timing`] |
//!
//! The docs of [`fence`] hold the argument for purges. The docs of [`plain`] say why only the
//! response to a plain request is shared.
//!
//! [`Rules::bypass`]: crate::rules::Rules::bypass
//! [`Rules::ruled`]: crate::rules::Rules::ruled
//! [`NoVarySearch::shared`]: crate::fields::no_vary_search::NoVarySearch::shared
//! [`RequestDirectives::apply_to`]: crate::fields::request_directives::RequestDirectives::apply_to
//! [`Found::unanswered`]: crate::page::found::Found::unanswered
//! [`Found::collapses`]: crate::page::found::Found::collapses
//! [`Found::since`]: crate::page::found::Found::since
//! [`Lookup::forward_reason`]: crate::page::found::Lookup::forward_reason
//! [`Lookup::detail`]: crate::page::found::Lookup::detail
//! [`Lookup::passing_first`]: crate::page::found::Lookup::passing_first
//! [`LeaseEnd`]: crate::lease::LeaseEnd
//! [`LeaseEnd::of_body`]: crate::lease::LeaseEnd::of_body
//! [`LeaseEnd::of_failure_with_own`]: crate::lease::LeaseEnd::of_failure_with_own
//! [`collapsing::has_waited_enough`]: sharing::collapsing::has_waited_enough
//! [`collapsing::after_waiting`]: sharing::collapsing::after_waiting
//! [`backoff::Failure`]: refresh::backoff::Failure
//! [`backoff::failed_lately`]: refresh::backoff::failed_lately
//! [`backoff::failure_of`]: refresh::backoff::failure_of
//! [`first::first_request`]: refresh::first::first_request
//! [`guess`]: refresh::guess
//! [`plain`]: refresh::plain
//! [`plain::plain_fields`]: refresh::plain::plain_fields
//! [`plain::may_be_as_good`]: refresh::plain::may_be_as_good
//! [`plain::is_as_good_as_plain`]: refresh::plain::is_as_good_as_plain
//! [`answers::plain_answer`]: refresh::answers::plain_answer
//! [`answers::no_answer`]: refresh::answers::no_answer
//! [`answers::not_modified`]: refresh::answers::not_modified
//! [`answers::own_answer`]: refresh::answers::own_answer
//! [`answers::after_own`]: refresh::answers::after_own
//! [`passing::when_not_for_all`]: refresh::passing::when_not_for_all
//! [`filing`]: crate::page::filing
//! [`variants`]: sharing::variants
//! [`overtaking::put`]: storing::overtaking::put
//! [`PASS_FOR`]: timing::PASS_FOR
//! [`KvError::rest_after`]: crate::platform::kv_error::KvError::rest_after
//! [`targets`]: crate::purge::targets
//! [`diff`]: crate::graph::diff

pub mod bypass;
pub mod cookies;
pub mod fence;
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
