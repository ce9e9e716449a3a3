//! Reading `RULES`: from JSON to rules, or to every fault, with the number of its rule, its field and
//! what would be legal.

mod conditions;
mod effects;
mod key;
mod list;
mod rule;
mod values;

use std::fmt;

use serde_json::Value;

use self::values::Given;
use super::condition::Conditions;
use super::{Rule, Rules};
use crate::json;

/// A fault of a list of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The number of the rule, counted from 1. `None` is a fault of the whole list. Rules of the preset
    /// come after the site's own.
    pub rule: Option<usize>,
    /// The number of the site's own rules, if the fault is in the preset beside them.
    pub own: Option<usize>,
    /// The field, if the fault is in one.
    pub field: Option<String>,
    /// What is wrong, and what would be legal: the rest of a sentence.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule {
            Some(number) => match self.own {
                Some(own) => write!(f, "rule {} of the preset", number - own)?,
                None => write!(f, "rule {number}")?,
            },
            None => f.write_str("the list of rules")?,
        }
        if let Some(field) = &self.field {
            write!(f, ": {field}")?;
        }
        write!(f, " {}", self.reason)
    }
}

/// A fault in a field of a rule.
struct FieldFault {
    field: String,
    reason: String,
}

const FIELDS: &str = "is no field of a rule. Conditions: path, host, method, query, header, cookie, \
                      status, content_type, only_if, unless. Effects: cache, override, ttl, status_ttl, \
                      stale_while_revalidate, stale_if_error, browser_ttl, key, strip_set_cookies, versioned, ignore_cookies, request_headers, response_headers, plain, tags";

impl Rules {
    /// Parses a JSON list of rules; fails with every fault.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn parse(text: &str) -> Result<Rules, Vec<Fault>> {
        Rules::parse_before(text, "[]")
    }

    /// Parses a JSON list of rules, and a preset that comes after them; fails with every fault.
    pub fn parse_before(text: &str, preset: &str) -> Result<Rules, Vec<Fault>> {
        let mut items = items(text)?;
        let own = items.len();
        items.append(&mut self::items(preset)?);
        let mut faults = Vec::new();
        let mut list = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match rule(item) {
                Ok(rule) => list.push(rule),
                Err(FieldFault { field, reason }) => {
                    let field = Some(field).filter(|field| !field.is_empty());
                    faults.push(Fault { rule: Some(index + 1), own: None, field, reason });
                }
            }
        }
        // The rules are compared with each other once each of them is legal.
        if faults.is_empty() {
            faults = list::faults(&list, own);
        }
        for fault in &mut faults {
            fault.own = fault.rule.filter(|number| *number > own).map(|_| own);
        }
        if faults.is_empty() { Ok(Rules::new(list)) } else { Err(faults) }
    }
}

/// The rules of a JSON list, not read yet.
fn items(text: &str) -> Result<Vec<Value>, Vec<Fault>> {
    let of_list = |reason| vec![Fault { rule: None, own: None, field: None, reason }];
    match json::parse(text.as_bytes()) {
        Ok(Value::Array(items)) => Ok(items),
        Ok(_) => {
            let reason =
                "is not a list: write [[vars.RULES]] before each rule, or [[rules]] in rules.toml";
            Err(of_list(reason.to_owned()))
        }
        Err(cause) => Err(of_list(format!("cannot be read as JSON: {cause}"))),
    }
}

fn rule(value: &Value) -> Result<Rule, FieldFault> {
    let Value::Object(fields) = value else {
        return Err(FieldFault { field: String::new(), reason: "is not a table".to_owned() });
    };
    let mut rule = Rule::default();
    // Tags may name parts of the path, so it is read first.
    rule.when.read_path(fields)?;
    for (name, value) in fields {
        let given = Given { name, value };
        let is_known = rule.when.read(&given)?
            || rule.effects.read(&given, rule.when.path.as_ref())?
            || rule.read_conditions(&given)?;
        if !is_known {
            return Err(given.fault(match name.as_str() {
                "bypass" => "is no field any more: write cache = \"bypass\"",
                _ => FIELDS,
            }));
        }
    }
    rule.check()?;
    Ok(rule)
}

impl Rule {
    fn read_conditions(&mut self, given: &Given<'_>) -> Result<bool, FieldFault> {
        match given.name {
            "only_if" => self.only_if = conditions(given)?,
            "unless" => self.unless = exceptions(given)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn conditions(given: &Given<'_>) -> Result<Conditions, FieldFault> {
    let mut conditions = Conditions::default();
    let fields = given.table()?;
    let inside = |fault: FieldFault| FieldFault {
        field: format!("{}.{}", given.name, fault.field),
        ..fault
    };
    conditions.read_path(fields).map_err(inside)?;
    for (name, value) in fields {
        if !conditions.read(&Given { name, value }).map_err(inside)? {
            return Err(given.fault(format!("has {name}, which is no condition")));
        }
    }
    Ok(conditions)
}

/// Reads `unless`: a table with one condition, or a list of tables.
fn exceptions(given: &Given<'_>) -> Result<Vec<Conditions>, FieldFault> {
    let tables = given.tables()?;
    if !given.value.is_array() && given.table()?.len() > 1 {
        return Err(given.fault(
            "has several conditions, and does not say whether each makes an exception or all \
             together do: write [{ … }, { … }] or [{ …, … }]",
        ));
    }
    let mut exceptions = Vec::new();
    for table in &tables {
        exceptions.push(conditions(table)?);
    }
    Ok(exceptions)
}
