//! What is wrong with rules that can be read: effects that contradict each other, conditions that
//! would let one visitor shape what others get, and rules that are never reached.

use super::{Fault, FieldFault};
use crate::policy::key::part::PartKind;
use crate::rules::Rule;
use crate::rules::condition::{AnyOf, Conditions};
use crate::rules::effects::Cache;
use crate::rules::template::TagTemplate;

impl Rule {
    /// Checks a rule by itself.
    pub(super) fn check(&self) -> Result<(), FieldFault> {
        let fault = |field: &str, reason: &str| {
            Err(FieldFault { field: field.to_owned(), reason: reason.to_owned() })
        };
        let effects = &self.effects;
        if effects.cache.is_none() && !effects.are_more_than_cache() {
            return fault("", "has no effect: set cache, ttl, tags or another effect");
        }
        let is_bypass = effects.cache == Some(Cache::Bypass);
        if is_bypass && effects.are_more_than_cache() {
            return fault(
                "cache",
                "is \"bypass\": nothing is stored then. Write the other effects as a rule of their own",
            );
        }
        if is_bypass && self.needs_response() {
            let reason = "is \"bypass\", which is decided before there is a response: remove status and \
                          content_type";
            return fault("cache", reason);
        }
        if !effects.key.are_none() && self.is_of_visitor() {
            let reason = "depends on a cookie or a header field: what counts in the key must not depend on the \
                          visitor";
            return fault("key", reason);
        }
        if effects.cache == Some(Cache::Forever) && effects.ttl.is_some() {
            return fault(
                "ttl",
                "does not count beside cache = \"forever\": write \"force\", or remove ttl",
            );
        }
        let is_for_get =
            |methods: &[String]| methods.is_empty() || methods.iter().any(|it| it == "GET");
        let has_get = is_for_get(&self.when.methods) && is_for_get(&self.only_if.methods);
        if !is_bypass && !has_get {
            return fault("method", "has no GET: only the response to a GET is stored");
        }
        let changes_fields =
            !effects.request_headers.is_empty() || !effects.response_headers.is_empty();
        if changes_fields && self.any_conditions(Conditions::ask_method) {
            let reason = "does not count for request_headers and response_headers: remove it";
            return fault("method", reason);
        }
        let before = [
            ("plain", effects.plain.is_some()),
            ("key", !effects.key.are_none()),
            ("ignore_cookies", effects.ignore_cookies.is_some()),
            ("request_headers", !effects.request_headers.is_empty()),
        ];
        for (field, is_set) in before {
            if is_set && self.needs_response() {
                let reason =
                    "is decided before there is a response: remove status and content_type";
                return fault(field, reason);
            }
        }
        let cuts_what_it_asks =
            effects.key.query.is_some() && self.any_conditions(Conditions::ask_query);
        if cuts_what_it_asks && (effects.cache.is_some() || effects.are_more_than_key()) {
            let reason = "has query, and the rule has a condition on the query: its other effects would see \
                          the parameters that count alone. Write them as a rule of their own";
            return fault("key", reason);
        }
        let has_ttl = effects.ttl.is_some() || !effects.status_ttl.is_empty();
        if effects.cache == Some(Cache::Force) && !has_ttl {
            let reason =
                "is \"force\", and no lifetime stands beside it: add ttl = 600, for ten minutes";
            return fault("cache", reason);
        }
        if effects.cache == Some(Cache::Origin) && has_ttl {
            let reason = "is \"origin\", so the origin's lifetime counts: write \"force\", or remove ttl and \
                          status_ttl";
            return fault("cache", reason);
        }
        Ok(())
    }

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

/// Returns the faults of rules beside each other.
/// Those from the number `own` on are the preset's.
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
