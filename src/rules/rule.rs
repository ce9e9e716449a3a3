//! A rule: its conditions and its effects.

use super::condition::Conditions;
use super::effects::Effects;
use super::facts::{Facts, Spellings};

/// A rule: its effects are set where its conditions hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The conditions, all of which must hold.
    pub when: Conditions,
    /// Further conditions, all of which must hold.
    pub only_if: Conditions,
    /// Lists of conditions. Where all of one list hold, the rule does not.
    pub unless: Vec<Conditions>,
    /// What the rule sets.
    pub effects: Effects,
}

impl Rule {
    /// Tells whether the rule holds for a path in these spellings.
    ///
    /// Exceptions are judged by the opposite spellings: in doubt a request bypasses, and a page is not
    /// stored.
    pub fn holds(&self, facts: &Facts<'_>, spellings: Spellings) -> bool {
        self.when.may_hold(facts)
            && self.asks_what_is_known(facts)
            && self.when.hold(facts, spellings)
            && self.only_if.hold(facts, spellings)
            && !self.unless.iter().any(|not| not.hold(facts, spellings.of_exception()))
    }

    /// Tells whether all that the conditions ask of a visitor is known. Of a page, it is known if it
    /// counts in the key.
    fn asks_what_is_known(&self, facts: &Facts<'_>) -> bool {
        let known = |conditions: &Conditions| conditions.are_known(facts);
        known(&self.when) && known(&self.only_if) && self.unless.iter().all(known)
    }

    /// Tells whether a condition concerns the response.
    pub fn needs_response(&self) -> bool {
        self.any_conditions(Conditions::need_response)
    }

    /// Tells whether a condition concerns what only one visitor may have sent.
    pub fn is_of_visitor(&self) -> bool {
        self.any_conditions(Conditions::are_of_visitor)
    }

    pub(super) fn any_conditions(&self, are: fn(&Conditions) -> bool) -> bool {
        are(&self.when) || are(&self.only_if) || self.unless.iter().any(are)
    }
}
