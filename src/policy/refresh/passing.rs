//! Consequences of an uncacheable page for other requests.

use http::header::HeaderName;

use crate::policy::refresh::plain::adds_nothing;
use crate::policy::stored::Pass;
use crate::policy::storing::Refusal;

/// The response that a visitor gets when the response to a plain request is not for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenNotForAll {
    /// The response to the plain request, to a visitor if one waits: a second request would spend a
    /// link that works once.
    PassedOn,
    /// The response to the visitor's own request, which is sent now.
    AsksTheOrigin,
}

/// Decides which response the visitor gets. `added` holds the fields that the visitor's own request
/// adds to this one. `waits` is set if a visitor waits for the response.
pub fn when_not_for_all(added: &[HeaderName], waits: bool) -> WhenNotForAll {
    if adds_nothing(added) || !waits {
        WhenNotForAll::PassedOn
    } else {
        WhenNotForAll::AsksTheOrigin
    }
}

impl Refusal {
    /// Tells whether the refusal concerns the page, which then passes for all. Credentials that may
    /// not be shared belong to one visitor, and say nothing of the page.
    pub fn is_of_page(self) -> bool {
        self != Refusal::Authorization
    }
}

impl Pass {
    /// Returns the pass that other requests are told of. A plain request with one visitor's
    /// selecting field says nothing of the page to others: they may try another plain request.
    /// `is_of_one_variant` is set if other requests know the page by other variants.
    pub fn as_told(self, is_of_one_variant: bool, carries_what_selects: bool) -> Pass {
        let is_told = is_of_one_variant || !carries_what_selects;
        Pass { plain: self.plain && is_told, ..self }
    }
}
