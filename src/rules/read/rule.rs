//! What is wrong with a rule by itself: effects that contradict each other or its conditions.

use super::FieldFault;
use crate::rules::Rule;
use crate::rules::condition::Conditions;
use crate::rules::effects::Cache;

impl Rule {
    /// Checks a rule by itself.
    pub(super) fn check(&self) -> Result<(), FieldFault> {
        let effects = &self.effects;
        if effects.cache.is_none() && !effects.are_more_than_cache() {
            return fault("", "has no effect: set cache, ttl, tags or another effect");
        }
        if effects.cache == Some(Cache::Bypass) {
            return self.check_bypass();
        }
        self.check_method()?;
        self.check_moment()?;
        self.check_key()?;
        self.check_lifetime()
    }

    fn check_bypass(&self) -> Result<(), FieldFault> {
        let effects = &self.effects;
        if effects.are_more_than_cache() {
            return fault(
                "cache",
                "is \"bypass\": nothing is stored then. Write the other effects as a rule of their own",
            );
        }
        if self.needs_response() {
            let reason = "is \"bypass\", which is decided before there is a response: remove status and \
                          content_type";
            return fault("cache", reason);
        }
        Ok(())
    }

    /// Only pages that are stored have most effects, and those are the responses to a GET.
    fn check_method(&self) -> Result<(), FieldFault> {
        let effects = &self.effects;
        let is_for_get =
            |methods: &[String]| methods.is_empty() || methods.iter().any(|it| it == "GET");
        let has_get = is_for_get(&self.when.methods) && is_for_get(&self.only_if.methods);
        if !has_get {
            return fault(
                "method",
                "has no GET: add \"GET\", or write cache = \"bypass\". Only the response to a GET is stored",
            );
        }
        let changes_fields =
            !effects.request_headers.is_empty() || !effects.response_headers.is_empty();
        if changes_fields && self.any_conditions(Conditions::ask_method) {
            let reason = "does not count for request_headers and response_headers: remove it";
            return fault("method", reason);
        }
        Ok(())
    }

    /// Some effects are decided before there is a response.
    fn check_moment(&self) -> Result<(), FieldFault> {
        let effects = &self.effects;
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
        Ok(())
    }

    fn check_key(&self) -> Result<(), FieldFault> {
        let effects = &self.effects;
        if !effects.key.are_none() && self.is_of_visitor() {
            let reason = "stands beside a condition on a cookie or a header field, and must not depend on the visitor: \
                          move it to a rule without that condition";
            return fault("key", reason);
        }
        let cuts_what_it_asks =
            effects.key.query.is_some() && self.any_conditions(Conditions::ask_query);
        if cuts_what_it_asks && (effects.cache.is_some() || effects.are_more_than_key()) {
            let reason = "has query, and the rule has a condition on the query: its other effects would see \
                          the parameters that count alone. Write them as a rule of their own";
            return fault("key", reason);
        }
        Ok(())
    }

    fn check_lifetime(&self) -> Result<(), FieldFault> {
        let effects = &self.effects;
        if effects.cache == Some(Cache::Forever) && effects.ttl.is_some() {
            return fault(
                "ttl",
                "does not count beside cache = \"forever\": write \"force\", or remove ttl",
            );
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
}

fn fault(field: &str, reason: &str) -> Result<(), FieldFault> {
    Err(FieldFault { field: field.to_owned(), reason: reason.to_owned() })
}
