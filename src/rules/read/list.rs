//! What is wrong with rules beside each other: rules that are never reached, or have no effect, and
//! conditions that would let one visitor shape what others get.

use super::Fault;
use crate::policy::key::part::PartKind;
use crate::rules::Rule;
use crate::rules::condition::{AnyOf, Conditions};
use crate::rules::effects::Cache;
use crate::rules::template::TagTemplate;

impl Rule {
    /// Tells whether this rule decides about the cache for all requests whose path matches.
    fn decides_for_path(&self) -> bool {
        self.effects.cache.is_some_and(|cache| cache != Cache::Bypass)
            && self.when.are_of_path_alone()
            && self.only_if.path.is_none()
            && self.only_if.are_of_path_alone()
            && self.unless.is_empty()
    }

    /// Tells whether this rule matches each path that `other` matches.
    fn covers_path_of(&self, other: &Rule) -> bool {
        match (&self.when.path, &other.when.path) {
            (None, _) => true,
            (Some(own), Some(theirs)) => own.covers(theirs),
            (Some(own), None) => own.as_str() == "/**",
        }
    }
}

/// Returns the faults of rules beside each other. Those after the first `own` rules are the preset's.
pub(super) fn faults(rules: &[Rule], own: usize) -> Vec<Fault> {
    let shadowed = rules.iter().enumerate().filter_map(|(index, rule)| {
        let is_bypass = rule.effects.cache == Some(Cache::Bypass);
        let before = rules[..index].iter();
        let mut before = before.map(|earlier| earlier.decides_for_path() && earlier.covers_path_of(rule));
        let earlier = before.position(|shadows| shadows).filter(|_| is_bypass)? + 1;
        let advice = if index < own {
            "Move this rule before it"
        } else {
            "Leave cache out of that rule, as the preset says it, or give it conditions"
        };
        let reason = format!(
            "is \"bypass\" and never counts: rule {earlier} decides first for the same paths. {advice}"
        );
        Some(Fault { rule: Some(index + 1), own: None, field: Some("cache".to_owned()), reason })
    });
    let stores = |rule: &Rule| matches!(rule.effects.cache, Some(Cache::Force | Cache::Forever));
    let none_stores = !rules.iter().any(stores);
    let idle = rules.iter().enumerate().filter_map(|(index, rule)| {
        let field = idle_field(rule).filter(|_| none_stores)?;
        let reason =
            "counts only where a rule says cache = \"force\" or \"forever\", and none does";
        let (rule, field) = (Some(index + 1), Some(field.to_owned()));
        Some(Fault { rule, own: None, field, reason: reason.to_owned() })
    });
    let mut faults: Vec<Fault> = shadowed.chain(idle).collect();
    for (index, rule) in rules.iter().enumerate() {
        faults.extend(uncounted(rule, rules).map(|(field, reason)| Fault {
            own: None,
            rule: Some(index + 1),
            field,
            reason,
        }));
    }
    faults
}

/// The fault of a rule that depends on a part of a visitor's request which counts in no key.
fn uncounted(rule: &Rule, rules: &[Rule]) -> Option<(Option<String>, String)> {
    let counts =
        |kind: PartKind, name: &str| rules.iter().any(|rule| rule.effects.key.counts(kind, name));
    let is_bypass = rule.effects.cache == Some(Cache::Bypass);
    let named = |conditions: &Conditions| {
        let of_kind = |lists: &[AnyOf], kind| {
            lists.iter().flat_map(|AnyOf(list)| list).all(|wanted| counts(kind, &wanted.written))
        };
        of_kind(&conditions.headers, PartKind::Header)
            && of_kind(&conditions.cookies, PartKind::Cookie)
    };
    let is_of_locale = |name: &&str| {
        let of_rule = |rule: &Rule| rule.effects.key.locale.as_ref()?.cookie.clone();
        rules.iter().filter_map(of_rule).any(|cookie| cookie == *name)
    };
    let listed = rule.effects.key.cookies.iter().flatten();
    if let Some(name) = listed.map(|listed| &*listed.name).find(is_of_locale) {
        let reason = format!("has {name}, which is the cookie of a locale: remove one of the two");
        return Some((Some("key.cookies".to_owned()), reason));
    }
    let conditions = [&rule.when, &rule.only_if];
    if !is_bypass && !conditions.into_iter().chain(&rule.unless).all(named) {
        let reason = "depends on a cookie or a header field of one visitor, and all visitors get what is \
                      stored: such a rule may only say cache = \"bypass\", unless the cookie or field counts \
                      in the key of a rule";
        return Some((None, reason.to_owned()));
    }
    let mut keyed = rule.effects.tags.iter().flat_map(TagTemplate::keyed);
    let (kind, name) = keyed.find(|(kind, name)| !counts(*kind, name))?;
    let point = if name.is_empty() { "" } else { "." };
    let reason = format!(
        "name {{{}{point}{name}}}, and no rule counts it in the key: a tag must not depend on what one visitor sends",
        kind.as_str()
    );
    Some((Some("tags".to_owned()), reason))
}

/// The field of a rule that has no effect unless a rule stores pages.
fn idle_field(rule: &Rule) -> Option<&'static str> {
    let effects = &rule.effects;
    let fields = [
        ("ttl", effects.ttl.is_some()),
        ("status_ttl", !effects.status_ttl.is_empty()),
        ("override", effects.set_aside.is_some()),
    ];
    fields.into_iter().find(|(_, is_set)| *is_set).map(|(field, _)| field)
}
