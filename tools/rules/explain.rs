//! What the rules mean for a request, and for a response to it.

use edge_isr::config::Config;
use edge_isr::fields::forwarding::drop_harmless_cookies;
use edge_isr::fields::request::RequestFields;
use edge_isr::policy::bypass::{self, Bypass, BypassSettings};
use edge_isr::policy::freshness::Lifetimes;
use edge_isr::policy::key::part::{self, KeyPart};
use edge_isr::policy::key::{CacheKey, resolved_url};
use edge_isr::policy::storing::{Storing, storing};
use edge_isr::policy::tag::Tag;
use edge_isr::policy::time::Time;
use edge_isr::routes::Route;
use edge_isr::rules::Rule;
use edge_isr::rules::effects::Cache;
use edge_isr::rules::facts::{Facts, Spellings};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use crate::command::USAGE;
use crate::sources::{Options, Sources};

/// A request and a response to it, as the command line states them.
struct Asked {
    method: Method,
    url: String,
    request: HeaderMap,
    status: StatusCode,
    response: HeaderMap,
    options: Options,
}

/// Says which rules hold, the key, the tags and the decision.
pub fn explain(given: &[String]) -> Result<String, String> {
    let asked = asked(given)?;
    let sources = Sources::read(&asked.options)?;
    sources.rules()?;
    let json = sources.list.as_ref().map_or("[]", |list| &*list.json).to_owned();
    let mut variables = sources.variables;
    variables.insert("RULES".to_owned(), json.clone());
    let text = |name: &str| variables.get(name).filter(|text| !text.trim().is_empty()).cloned();
    let config = Config::read(&text).map_err(|error| format!("{}: {error}", sources.config))?;
    let list = |json: &str| serde_json::from_str::<Vec<Value>>(json).unwrap_or_default();
    let written = [list(&json), list(sources.preset.unwrap_or("[]"))];
    let url = resolved_url(&asked.url);
    let key = CacheKey::parse(&url).map_err(|error| format!("{url}: {error}"))?;
    // Scripts of another site have a page of their own.
    let key = key.for_origin(asked.request.value("origin"));
    if Route::of(key.path(), &config.control_prefix) != Route::Page {
        return Ok("decision: the edge answers by itself, under CONTROL_PREFIX".to_owned());
    }
    if !config.serves(key.host()) {
        return Ok(format!("decision: a 421, because HOSTS does not list {}", key.host()));
    }
    Ok(explained(&asked, &config, &written, &url, key))
}

fn explained(
    asked: &Asked,
    config: &Config,
    written: &[Vec<Value>; 2],
    url: &str,
    key: CacheKey,
) -> String {
    let request = Facts::of_request(&asked.method, &key, &asked.request);
    let bypassed = bypassed(asked, config, url, &request);
    let keyed = config.rules().key_for(&key, &asked.request);
    let paged = keyed.unwrap_or_else(|| key.clone());
    let page = Facts::of_response(&paged, asked.status, &asked.response);
    let holds = |rule: &Rule| match () {
        _ if bypasses(rule) => rule.holds(&request, Spellings::AnyReading),
        // A rule for the key is read before the key is made.
        _ if !rule.effects.key.are_none() => rule.holds(&Facts::of_page(&key), Spellings::Normal),
        _ => rule.holds(&page, Spellings::Normal),
    };
    let mut lines = Vec::new();
    for (index, rule) in config.rules().list().iter().enumerate() {
        if holds(rule) {
            let rule = written.iter().flatten().nth(index).map(fields_of).unwrap_or_default();
            lines.push(format!("{} holds: {rule}", named(index, written)));
        }
    }
    if lines.is_empty() {
        lines.push("no rule holds".to_owned());
    }
    if let Some(reason) = bypassed {
        let rule = config.rules().bypass(&request).filter(|_| reason == Bypass::Rule);
        let rule = rule.map(|place| format!(", by {}", named(place, written))).unwrap_or_default();
        lines.push(format!("decision: bypass, detail={}{rule}", reason.detail().as_str()));
        return lines.join("\n");
    }
    let rules = config.rules().list().iter().enumerate();
    for (index, _) in rules.filter(|(_, rule)| bypasses(rule) && holds(rule)) {
        let rule = named(index, written);
        lines.push(format!("{rule} does not count: a rule before it says cache for this page"));
    }
    let mut parts = vec![paged.url()];
    parts.extend(paged.foreign_origin().map(|site| format!("for scripts of {site}")));
    parts.extend(paged.parts().iter().map(KeyPart::text));
    lines.push(format!("key: {}", parts.join(", ")));
    let mut sent = HeaderMap::new();
    part::put(paged.parts(), &mut sent);
    for (name, value) in &sent {
        lines.push(format!("sent to the origin: {name}: {}", value.to_str().unwrap_or_default()));
    }
    let tags = config.rules().tags(&paged, asked.status, &asked.response);
    if !tags.is_empty() {
        let tags: Vec<String> = tags.iter().map(|tag| told(tag)).collect();
        lines.push(format!("tags of rules: {}", tags.join(", ")));
    }
    lines.push(format!("decision: {}", stored(asked, config, &paged)));
    lines.join("\n")
}

fn bypasses(rule: &Rule) -> bool {
    rule.effects.cache == Some(Cache::Bypass)
}

/// A tag as it is stored, or why it is not.
fn told(tag: &str) -> String {
    match Tag::origin(tag) {
        Ok(tag) => tag.as_str().to_owned(),
        Err(cause) => format!("(dropped: {cause})"),
    }
}

/// The name of a rule by its place among the site's own rules and those of the preset.
fn named(place: usize, [own, _]: &[Vec<Value>; 2]) -> String {
    match place.checked_sub(own.len()) {
        None => format!("rule {}", place + 1),
        Some(place) => format!("rule {} of the preset", place + 1),
    }
}

fn bypassed(asked: &Asked, config: &Config, url: &str, request: &Facts<'_>) -> Option<Bypass> {
    let settings = BypassSettings {
        login_cookies: &config.login_cookies,
        share_authorized: config.share_authorized,
        request_directives: config.request_directives,
        by_rule: config.rules().bypass(request).map(|_| Bypass::Rule),
    };
    bypass::bypass(&asked.method, url, &asked.request, settings)
}

fn stored(asked: &Asked, config: &Config, key: &CacheKey) -> String {
    let (rules, status) = (config.rules(), asked.status);
    let mut response = asked.response.clone();
    drop_harmless_cookies(&mut response, rules.harmless(key, status, &asked.response));
    let ruled = rules.ruled(key, status, &response);
    // `Expires` counts from `Date`, so a command line without one means this moment.
    let now = Time(since_1970());
    match storing(status, &response, &asked.request, config.storing, ruled, now) {
        Storing::Store(lifetimes) => kept(lifetimes, ruled.told_to_browsers(&response)),
        Storing::Refuse(refusal) => {
            format!("a {status} is not stored, detail={}", refusal.detail().as_str())
        }
    }
}

fn kept(lifetimes: Lifetimes, browser_ttl: Option<u64>) -> String {
    let mut said = format!("stored, fresh for {} s", lifetimes.fresh);
    match lifetimes.stale_while_revalidate {
        _ if lifetimes.never_stale => said += ", never shown stale",
        Some(seconds) => {
            said += &format!(", then shown stale for {seconds} s while it is revalidated")
        }
        None => {}
    }
    if let Some(seconds) = lifetimes.stale_if_error.filter(|_| !lifetimes.never_stale) {
        said += &format!(", for {seconds} s if the origin fails");
    }
    match browser_ttl {
        Some(seconds) => said + &format!("; browsers are told max-age={seconds}"),
        None => said + "; browsers are told what the origin says",
    }
}

fn since_1970() -> i64 {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(0)
}

/// A rule in one line, as it was written.
fn fields_of(rule: &Value) -> String {
    let fields = rule.as_object().into_iter().flatten();
    let fields: Vec<String> = fields.map(|(name, value)| format!("{name} = {value}")).collect();
    fields.join(", ")
}

fn asked(given: &[String]) -> Result<Asked, String> {
    let [method, url, rest @ ..] = given else { return Err(USAGE.to_owned()) };
    let mut asked = Asked {
        method: method.parse().map_err(|_| format!("{method} is no method"))?,
        url: url.clone(),
        request: HeaderMap::new(),
        status: StatusCode::OK,
        response: HeaderMap::new(),
        options: crate::sources::options(&[])?,
    };
    let mut rest = rest.iter();
    while let Some(name) = rest.next() {
        let value = rest.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "-H" => add(&mut asked.request, value)?,
            "-R" => add(&mut asked.response, value)?,
            "--status" => {
                asked.status = value.parse().map_err(|_| format!("{value} is no status"))?;
            }
            _ => asked.options.set(name, value)?,
        }
    }
    Ok(asked)
}

fn add(fields: &mut HeaderMap, line: &str) -> Result<(), String> {
    let field = line.split_once(':').and_then(|(name, value)| {
        Some((name.trim().parse::<HeaderName>().ok()?, value.trim().parse::<HeaderValue>().ok()?))
    });
    let (name, value) = field.ok_or_else(|| format!("{line:?} is not of the form Name: value"))?;
    fields.append(name, value);
    Ok(())
}
