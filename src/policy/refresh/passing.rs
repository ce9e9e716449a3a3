//! What a page that turned out uncacheable means for other requests.

use http::header::HeaderName;

use crate::policy::refresh::plain::adds_nothing;
use crate::policy::stored::Pass;
use crate::policy::storing::Refusal;

/// What a visitor gets whose plain request turned out not to be for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// The response to it: asked again, a link that works once would be spent.
    PassedOn,
    /// The response to their own request, which is sent now.
    AsksForThemselves,
}

/// What the visitor gets. `added`: the fields that their own request adds to the answered one.
/// `waits`: a visitor waits for it.
pub fn turned(added: &[HeaderName], waits: bool) -> Turned {
    if adds_nothing(added) || !waits { Turned::PassedOn } else { Turned::AsksForThemselves }
}

impl Refusal {
    /// Whether it says something of the page: it then passes for all. Credentials that may not be
    /// shared are one visitor's, and say nothing of the page.
    pub fn is_of_page(self) -> bool {
        self != Refusal::Authorization
    }
}

impl Pass {
    /// What other requests are told. A plain request that carried a selecting field of one visitor's
    /// tells nothing of the page to others: a plain request with theirs may be tried.
    /// `is_of_one_variant`: they know the page by other variants.
    pub fn as_told(self, is_of_one_variant: bool, carries_what_selects: bool) -> Pass {
        let is_told = is_of_one_variant || !carries_what_selects;
        Pass { plain: self.plain && is_told, ..self }
    }
}
