//! Random requests by random visitors to an origin that reflects all that it is sent into the body, the
//! status and the fields of its answer: no answer to one visitor has in it what only another one sent.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use edge_isr::fields::forwarding::is_override;
use edge_isr::platform::{OriginError, Request, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::field_names::FIELD_NAMES;
use crate::histories::dice::Dice;
use crate::world::executor::Executor;
use crate::world::platform::{Answering, Body, Sim};
use crate::world::{At, Pending, Seen, World};

/// Requests of one seed.
const REQUESTS: usize = 1_000;
const SEEDS: u64 = if cfg!(debug_assertions) { 4 } else { 40 };

/// What a field's value may ask of the origin.
const WISHES: [&str; 20] = [
    "", "", "", "s=200", "s=301", "s=302", "s=403", "s=404", "s=500", "c=0", "c=1", "c=2", "c=3",
    "c=4", "c=5", "cookie", "etag", "age", "stale", "star",
];
/// What it says of which fields it heeded.
const VARIES: [&str; 5] = ["", "", "vary=all", "vary=some", "vary=cookie"];
const CONTROLS: [&str; 6] = [
    "public, s-maxage=600, stale-while-revalidate=600",
    "private",
    "no-store",
    "no-cache",
    "max-age=60, stale-if-error=600",
    "max-age=0",
];
const STATUSES: [u16; 6] = [200, 301, 302, 403, 404, 500];
/// What pages say of which nothing was wished.
const USUAL: [&str; 5] = [
    "s-maxage=20, stale-while-revalidate=600, stale-if-error=600",
    "no-cache",
    "max-age=0, stale-while-revalidate=5",
    "public, max-age=3000",
    "s-maxage=1",
];

/// An origin that reflects. It holds nothing but the clock.
struct Mirror(Rc<Executor>);

impl Answering for Mirror {
    fn answer<'a>(
        &'a self,
        sim: &'a Sim,
        request: Request<Body>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Body>, OriginError>> + 'a>> {
        Box::pin(async move {
            self.0.turn().await;
            self.0.sleep(sim.up_to(400)).await;
            Ok(Reflection::of(&request).answer(&request))
        })
    }
}

/// What an answer is made of: every field that its request carried.
struct Reflection {
    lines: Vec<String>,
    page: usize,
}

impl Reflection {
    fn of(request: &Request<Body>) -> Reflection {
        let line = |(name, value): (&HeaderName, &HeaderValue)| format!("{name}: {}", text(value));
        let page = request.url.rsplit('/').next().and_then(|page| page.parse().ok());
        Reflection { lines: request.headers.iter().map(line).collect(), page: page.unwrap_or(0) }
    }

    fn wishes(&self, wish: &str) -> bool {
        let words = |line: &String| line.split([' ', ';', '_']).any(|word| word == wish);
        self.lines.iter().any(words)
    }

    fn answer(&self, request: &Request<Body>) -> Response<Body> {
        let status = STATUSES.into_iter().find(|status| self.wishes(&format!("s={status}")));
        let status = StatusCode::from_u16(status.unwrap_or(200)).unwrap();
        let headers = self.headers(request, status);
        let condition = request.headers.get("if-none-match");
        if request.method == Method::GET
            && condition.is_some_and(|tag| Some(tag) == headers.get("etag"))
        {
            let body = Body::default();
            return Response::new(StatusCode::NOT_MODIFIED, headers, body);
        }
        let sent = request.body.as_ref().map_or("", |body| &body.text);
        let (method, url, all) = (&request.method, &request.url, self.lines.join("\n"));
        Response::new(status, headers, Body::whole(&format!("{method} {url}\n{all}\n\n{sent}")))
    }

    fn headers(&self, request: &Request<Body>, status: StatusCode) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut say = |name: &'static str, value: &str| {
            headers.append(name, HeaderValue::from_str(value).expect("printable"));
        };
        let all = self.lines.join("|");
        let control = (0..CONTROLS.len()).find(|at| self.wishes(&format!("c={at}")));
        let control = control.map_or(USUAL[self.page], |at| CONTROLS[at]);
        say("cache-control", control);
        say("x-reflected", &all);
        if self.wishes("cookie") {
            say("set-cookie", &format!("seen={}", all.replace(['=', ';'], " ")));
        }
        if self.wishes("etag") || ["no-cache", "max-age=0"].contains(&control) {
            // On some pages the same for all, as in WordPress's feeds.
            let is_of_all = self.page.is_multiple_of(2);
            let tag = if is_of_all { "same".to_owned() } else { self.tag() };
            say("etag", &format!("\"{tag}\""));
        }
        if status.is_redirection() {
            say("location", &format!("http://origin.test/{}", all.replace(' ', "+")));
        }
        for (wish, name, value) in
            [("age", "age", "30"), ("stale", "x-nextjs-cache", "STALE"), ("star", "vary", "*")]
        {
            if self.wishes(wish) {
                say(name, value);
            }
        }
        let varied = self.varied(request).join(", ");
        if !varied.is_empty() {
            say("vary", &varied);
        }
        headers
    }

    /// A validator of all that was sent but validators.
    fn tag(&self) -> String {
        let lines = self.lines.iter().filter(|line| !line.starts_with("if-none-match"));
        lines.cloned().collect::<Vec<_>>().join("|").replace(['"', ','], " ")
    }

    fn varied<'r>(&self, request: &'r Request<Body>) -> Vec<&'r str> {
        let names = request.headers.keys().map(HeaderName::as_str);
        match () {
            () if self.wishes("vary=all") => names.filter(|name| *name != "cookie").collect(),
            () if self.wishes("vary=some") => names.step_by(2).collect(),
            () if self.wishes("vary=cookie") => vec!["cookie"],
            () if self.page == 3 => vec!["accept-language", "x-theme"],
            () => Vec::new(),
        }
    }
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// Rules that count parts of a visitor's request in the key of every page.
const KEYED: &str = r#"[
    {"key": {"locale": {"list": ["en", "de", "fr"], "cookie": "lang"}, "device": true}},
    {"key": {"headers": {"x-theme": ["1", "de"]}, "cookies": {"theme": ["1", "fr"]}}},
    {"cache": "force", "ttl": 20, "tags": ["{locale}", "{cookie.theme}"]}
]"#;

/// What the origin is sent of a visitor by these rules. Each visitor's is a function of their key.
fn keyed_lines(fields: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
    let said = |name| fields.iter().find(|(known, _)| *known == name).map(|(_, said)| &**said);
    let one_of = |list: &[&str], said: Option<&str>| {
        said.filter(|said| list.contains(said)).map(str::to_owned)
    };
    let cookie = |name| said("cookie").and_then(|cookie| cookie.strip_prefix(name));
    let locale = one_of(&["de", "fr"], cookie("lang="));
    let locale = locale.or_else(|| one_of(&["de", "fr"], said("accept-language")));
    let locale = locale.unwrap_or_else(|| "en".to_owned());
    let theme = one_of(&["1", "fr"], cookie("theme="));
    let cookies =
        format!("lang={locale}") + &theme.map_or(String::new(), |it| format!("; theme={it}"));
    let browser = said("user-agent").unwrap_or_default();
    let kinds = [("Mobi", "mobile"), ("iPad", "tablet")];
    let device =
        kinds.iter().find(|(word, _)| browser.contains(word)).map_or("desktop", |kind| kind.1);
    let device = ("cf-device-type", device.to_owned());
    let mut lines = vec![("accept-language", locale), ("cookie", cookies), device];
    lines.extend(one_of(&["1", "de"], said("x-theme")).map(|theme| ("x-theme", theme)));
    lines
}

/// What a visitor is shown that does not belong to their key.
fn not_of_key(asked: &Asked, seen: &Seen) -> Option<String> {
    if seen.cache().contains("bypass") || seen.cache().contains("fwd=method") {
        return None;
    }
    let reflected = seen.headers.get("x-reflected").map(text)?;
    let lines: Vec<&str> = reflected.split('|').collect();
    let keyed = keyed_lines(&asked.fields);
    let is_said = |(name, value): &&(&str, String)| {
        // To an own request, other cookies of the visitor's are added in front.
        let of_name = |line: &&&str| line.starts_with(&format!("{name}: "));
        lines.iter().find(of_name).is_some_and(|line| line.ends_with(value.as_str()))
    };
    let theme = keyed.iter().any(|(name, _)| *name == "x-theme");
    if !theme && lines.iter().any(|line| line.starts_with("x-theme: ")) {
        return Some("a theme that is not listed".to_owned());
    }
    keyed.iter().find(|line| !is_said(line)).map(|(name, value)| format!("not {name}: {value}"))
}

/// A visitor's request: its fields name the visitor, or say what any visitor may say.
struct Asked {
    visitor: usize,
    fields: Vec<(&'static str, String)>,
    pending: Pending,
}

fn draw_fields(dice: &mut Dice, visitor: usize) -> Vec<(&'static str, String)> {
    // Few fields now and then: then an answer may vary by all of them.
    let most = dice.one_of(&[1, 3, 10]);
    let mut fields: Vec<(&'static str, String)> = Vec::new();
    for _ in 0..dice.below(most + 1) {
        let usual = ["accept-language", "x-theme", "cookie", "user-agent"];
        let is_usual = dice.of_ten(4);
        let name = if is_usual { dice.one_of(&usual) } else { dice.one_of(&FIELD_NAMES) };
        let mut value = draw_value(dice, visitor);
        if name == "user-agent" {
            value = format!("{value} {}", dice.one_of(&["Mobi", "iPad", "X11"])).trim().to_owned();
        }
        if name == "cookie" {
            let cookie = dice.one_of(&["sid", "_ga", "theme", "lang", "AWSALB", "csrftoken"]);
            value = format!("{cookie}={}", value.replace(' ', "_"));
        }
        if fields.iter().all(|(known, _)| *known != name) {
            fields.push((name, value));
        }
    }
    fields
}

fn draw_value(dice: &mut Dice, visitor: usize) -> String {
    let (wish, vary) = (dice.one_of(&WISHES), dice.one_of(&VARIES));
    match dice.below(10) {
        // Others may say the same.
        0..3 => dice.one_of(&["de", "fr", "1"]).to_owned(),
        3 => format!("{wish} {vary}").trim().to_owned(),
        _ => format!("v{visitor}z {wish} {vary}").trim().to_owned(),
    }
}

fn draw_method(dice: &mut Dice) -> Method {
    match dice.below(20) {
        0..2 => Method::HEAD,
        2 => Method::POST,
        3 => Method::from_bytes(b"PROPFIND").unwrap(),
        _ => Method::GET,
    }
}

/// Asks as a random visitor.
fn ask(world: &World, dice: &mut Dice, visitor: usize) -> Asked {
    let fields = draw_fields(dice, visitor);
    let method = draw_method(dice);
    let body = (method == Method::POST).then(|| format!("v{visitor}z"));
    let sent: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, &**value)).collect();
    let at = At { centre: 0, isolate: dice.below(2) as usize };
    let path = format!("/{}", dice.below(USUAL.len() as u64));
    let pending = world.ask(at, method, &path, &sent, body.as_deref());
    Asked { visitor, fields, pending }
}

/// How many of a thousand requests were answered with what is stored.
fn hits_of_a_thousand(seed: u64, rules: Option<&str>) -> usize {
    const SETTINGS: [&str; 3] = ["COOKIE_VARIANTS", "NORMALISE_LANGUAGE", "REQUEST_DIRECTIVES"];
    let setting = SETTINGS.get(seed as usize % 4).map(|name| (*name, "true"));
    let mut settings: Vec<(&str, &str)> = setting.into_iter().collect();
    settings.extend(rules.map(|rules| ("RULES", rules)));
    let mut world = World::with(seed, &settings);
    world.answering = Some(Rc::new(Mirror(world.executor.clone())));
    let mut dice = Dice::new(seed);
    let mut asked = Vec::new();
    for visitor in 0..REQUESTS {
        asked.push(ask(&world, &mut dice, visitor));
        world.run(Duration::from_millis(dice.one_of(&[0, 0, 1, 30, 400, 3_000])));
        if dice.below(60) == 0 {
            let mode = dice.one_of(&["hard", "soft"]);
            let purge = format!(r#"{{"everything":true,"mode":"{mode}"}}"#);
            world.start_control(At::default(), &purge);
        }
    }
    world.wait(120_000);
    for asked in &asked {
        let seen = asked.pending.seen();
        let of_key = rules.and_then(|_| not_of_key(asked, &seen));
        if let Some(foreign) = of_key.or_else(|| foreign_to(asked, &seen, rules.is_some())) {
            panic!("{} of {:?} was shown {foreign}: {seen:?}", asked.visitor, asked.fields);
        }
    }
    let is_hit = |asked: &&Asked| asked.pending.seen().cache().starts_with("hit");
    asked.iter().filter(is_hit).count()
}

/// What an answer has in it that its visitor did not send, if anything.
fn foreign_to(asked: &Asked, seen: &Seen, is_keyed: bool) -> Option<String> {
    let fields = seen.headers.iter().map(|(name, value)| format!("{name}: {}", text(value)));
    let all = fields.chain([seen.text.clone()]).collect::<Vec<_>>().join("\n");
    let marker = format!("v{}z", asked.visitor);
    let mut words = all.split(|letter: char| !letter.is_ascii_alphanumeric());
    let is_marker = |word: &&str| {
        let number = word.strip_prefix('v').and_then(|word| word.strip_suffix('z'));
        number.is_some_and(|number| number.parse::<usize>().is_ok())
    };
    if let Some(foreign) = words.find(|word| is_marker(word) && *word != marker) {
        return Some(foreign.to_owned());
    }
    // No plain request fails here.
    if seen.text.contains("its failure is shared") {
        return Some("the failure of another's request".to_owned());
    }
    let reflected = seen.headers.get("x-reflected").map(text).unwrap_or_default();
    // Not of validators, which reflect as well.
    let validator = reflected.split_once("if-none-match: \"").and_then(|(before, behind)| {
        behind.split_once('"').map(|(_, behind)| format!("{before}{behind}"))
    });
    let reflected = validator.unwrap_or(reflected);
    let mut lines = reflected.split('|').filter_map(|line| line.split_once(": "));
    let of_key = |name: &str, value: &str| {
        let keyed = keyed_lines(&asked.fields);
        let is_device = ["user-agent", "sec-ch-ua-mobile", "cf-device-type"].contains(&name);
        is_keyed
            && (is_device || keyed.iter().any(|(key, said)| *key == name && value.ends_with(said)))
    };
    let is_theirs = |name: &str, value: &str| is_sent(asked, name, value) || of_key(name, value);
    lines.find(|(name, value)| !is_theirs(name, value)).map(|(name, _)| name.to_owned())
}

/// Whether the visitor sent a field, or the edge says it itself.
fn is_sent(asked: &Asked, name: &str, value: &str) -> bool {
    const OF_THE_EDGE: [&str; 4] = ["accept-encoding", "via", "if-none-match", "if-modified-since"];
    let edge_says = OF_THE_EDGE.contains(&name)
        || name.starts_with("x-forwarded-")
        || (name == "user-agent" && value.starts_with("edge-isr/"))
        || (name == "cache-control" && value == "max-age=0");
    let is_theirs = |(known, said): &(&str, String)| *known == name && said == value;
    edge_says || (asked.fields.iter().any(is_theirs) && may_pass(name, value))
}

/// Whether a visitor may tell the origin that.
fn may_pass(name: &str, value: &str) -> bool {
    !is_override(name) || (name == "x-http-method-override" && value == "PUT")
}

#[test]
fn no_visitor_is_shown_what_only_another_sent() {
    hold(None);
}

#[test]
fn with_parts_of_requests_in_the_key_each_visitor_is_shown_the_page_of_theirs() {
    hold(Some(KEYED));
}

fn hold(rules: Option<&str>) {
    let seeds = std::env::var("SIM_REFLECTING").ok().and_then(|seeds| seeds.parse().ok());
    let mut hits = 0;
    for seed in 0..seeds.unwrap_or(SEEDS) {
        match std::panic::catch_unwind(|| hits_of_a_thousand(seed, rules)) {
            Ok(more) => hits += more,
            Err(cause) => {
                eprintln!("it failed with seed {seed}");
                std::panic::resume_unwind(cause);
            }
        }
    }
    println!("{hits} of {} requests were hits", seeds.unwrap_or(SEEDS) * REQUESTS as u64);
    assert!(hits > SEEDS as usize * REQUESTS / 20, "pages are shared: {hits}");
}
