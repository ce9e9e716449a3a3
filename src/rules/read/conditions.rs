//! Reading the conditions of a rule.

use http::header::HeaderName;
use serde_json::{Map, Value};

use super::FieldFault;
use super::values::Given;
use crate::policy::cookies::CookieNames;
use crate::rules::condition::{AnyOf, Conditions, Wanted, WantedValue};
use crate::rules::glob::Glob;
use crate::rules::wildcard::Wildcards;

/// Names of a path's parts that would be taken for other variables of tags.
const TAKEN: [&str; 5] = ["path", "host", "locale", "device", "country"];

impl Conditions {
    /// Reads the glob of the path, if there is one.
    pub(super) fn read_path(&mut self, fields: &Map<String, Value>) -> Result<(), FieldFault> {
        let Some(value) = fields.get("path") else { return Ok(()) };
        let given = Given { name: "path", value };
        let glob = Glob::parse(given.text()?).map_err(|cause| given.fault(cause.to_string()))?;
        if let Some(name) = glob.names().find(|name| TAKEN.contains(name)) {
            return Err(given.fault(format!(
                "names a part {name}, which is a variable of its own: choose another name"
            )));
        }
        self.path = Some(glob);
        Ok(())
    }

    /// Reads a field, if it is a condition.
    pub(super) fn read(&mut self, given: &Given<'_>) -> Result<bool, FieldFault> {
        match given.name {
            "path" => {}
            "host" => self.hosts = lower_case(given, is_host, "host such as www.example.com")?,
            "method" => self.methods = methods(given)?,
            "query" => self.query = wanted(given, parameter_name)?,
            "header" => self.headers = wanted(given, field_name)?,
            "cookie" => self.cookies = wanted(given, cookie_name)?,
            "status" => self.statuses = given.statuses()?,
            "content_type" => {
                self.content_types =
                    lower_case(given, is_media_type, "media type such as text/html")?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn lower_case(
    given: &Given<'_>,
    is_legal: fn(&str) -> bool,
    what: &str,
) -> Result<Vec<Wildcards>, FieldFault> {
    let mut wanted = Vec::new();
    for text in given.texts()? {
        if !is_legal(text) {
            return Err(given.fault(format!("has {text:?}, which is no {what}")));
        }
        wanted.push(Wildcards::parse(&text.to_ascii_lowercase()));
    }
    Ok(wanted)
}

fn methods(given: &Given<'_>) -> Result<Vec<String>, FieldFault> {
    let mut methods = Vec::new();
    for text in given.texts()? {
        if !text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(given.fault(format!("has {text:?}: write a method in capitals, as POST")));
        }
        methods.push(text.to_owned());
    }
    Ok(methods)
}

/// Reads what is wanted of named things: one name, a list of names one of which must be there, or a
/// table of names with values.
fn wanted(given: &Given<'_>, legal: fn(&str) -> Option<String>) -> Result<Vec<AnyOf>, FieldFault> {
    let one = |name: &str, value| {
        let written = legal(name).filter(|name| !name.is_empty());
        let written = written.ok_or_else(|| {
            given.fault(format!(
                "has {name:?}, which is no name: write a value as {{ name = \"value\" }}"
            ))
        })?;
        Ok(Wanted { name: Wildcards::parse(&written), written, value })
    };
    if !given.value.is_object() {
        let mut any = Vec::new();
        for name in given.texts()? {
            any.push(one(name, WantedValue::Present)?);
        }
        return Ok(vec![AnyOf(any)]);
    }
    let mut all = Vec::new();
    for (name, value) in given.table()? {
        let value = match value {
            Value::Bool(true) => WantedValue::Present,
            Value::Bool(false) => WantedValue::Absent,
            Value::String(text) => WantedValue::Like(Wildcards::parse(text)),
            _ => {
                return Err(given.fault(format!(
                    "has a value for {name} that is neither a text nor true (it is there) nor false (it \
                     is not)"
                )));
            }
        };
        all.push(AnyOf(vec![one(name, value)?]));
    }
    Ok(all)
}

/// Tells whether a text may be a host: a name or an address with or without a port, with `*` in it.
fn is_host(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:*[]".contains(&byte))
}

fn is_media_type(text: &str) -> bool {
    text == "*" || text.split('/').count() == 2 && !text.contains([';', ' ', ','])
}

fn parameter_name(name: &str) -> Option<String> {
    Some(name.to_owned()).filter(|name| !name.contains(['=', '&', '?', '#']))
}

fn cookie_name(name: &str) -> Option<String> {
    CookieNames::parse(&[name]).is_ok().then(|| name.to_owned())
}

fn field_name(name: &str) -> Option<String> {
    let name: HeaderName = name.parse().ok()?;
    Some(name.as_str().to_owned()).filter(|name| !name.contains('*'))
}
