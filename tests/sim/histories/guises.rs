//! What visitors carry that may change the origin's answer, and what it changes on each page.
//!
//! Each field names its visitor, so that an answer that a field has shaped can say whose it is.

use http::HeaderMap;

use super::dice::Dice;

/// What a visitor's request carries of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guise {
    /// Nothing: their own request is a plain one.
    Bare,
    /// A name, and a browser's.
    Browser,
    /// A session that the edge does not know as a login.
    Session,
    /// A cookie by which the page is shown in another colour.
    Theme,
    /// A cookie that means nothing to the origin.
    Analytics,
    /// What the origin takes for an attack.
    Probe,
}

impl Guise {
    pub fn draw(dice: &mut Dice) -> Guise {
        match dice.below(100) {
            0..30 => Guise::Bare,
            30..60 => Guise::Browser,
            60..72 => Guise::Session,
            72..80 => Guise::Theme,
            80..90 => Guise::Analytics,
            _ => Guise::Probe,
        }
    }

    pub fn fields(self, user: u64) -> Vec<(&'static str, String)> {
        let browser = ("user-agent", format!("Browser/u{user}"));
        let more = match self {
            Guise::Bare => return Vec::new(),
            Guise::Browser => ("x-user", format!("u{user}")),
            Guise::Session => ("cookie", format!("sid=u{user}")),
            Guise::Theme => ("cookie", format!("theme=dark.u{user}")),
            Guise::Analytics => ("cookie", format!("_ga=u{user}")),
            Guise::Probe => ("x-probe", format!("u{user}")),
        };
        vec![browser, more]
    }
}

/// The visitor that a request names, by whichever field.
pub fn named(request: &HeaderMap) -> Option<String> {
    let fields = ["x-user", "cookie", "authorization", "x-probe", "user-agent"];
    fields.iter().find_map(|name| user_in(request.get(*name)?.to_str().ok()?))
}

/// `u3`, wherever it stands.
fn user_in(text: &str) -> Option<String> {
    let is_user =
        |word: &&str| word.strip_prefix('u').is_some_and(|number| number.parse::<u64>().is_ok());
    let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.find(is_user).map(str::to_owned)
}

/// What visitors' fields change on a page, without a word of it in `Vary`.
#[derive(Clone, Debug, Default)]
pub struct Shaped {
    /// What a page says that was rendered for a session.
    pub by_session: Option<OwnPage>,
    pub by_theme: bool,
    /// Their name and their browser.
    pub by_browser: bool,
    pub by_probe: Option<Refused>,
    /// The validator is the same for all visitors, as in WordPress's feeds.
    pub same_etag: bool,
}

/// What a page that is one visitor's says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnPage {
    Private,
    /// No `Cache-Control` at all.
    Silent,
    NoCache,
    /// Just what the page for all says.
    LikeAll,
}

/// How the origin answers a request that it takes for an attack, or for a known user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Forbidden,
    Unauthorized,
    Elsewhere,
    SetsCookie,
    Fails,
    NotFound,
}

/// What a request's fields make of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Influence {
    Nothing,
    Own(OwnPage),
    Refused(Refused),
}

impl Shaped {
    pub fn draw(dice: &mut Dice) -> Shaped {
        let own = [OwnPage::Private, OwnPage::Silent, OwnPage::NoCache, OwnPage::LikeAll];
        let refused = [
            Refused::Forbidden,
            Refused::Unauthorized,
            Refused::Elsewhere,
            Refused::SetsCookie,
            Refused::Fails,
            Refused::NotFound,
        ];
        Shaped {
            by_session: dice.of_ten(7).then(|| dice.one_of(&own)),
            by_theme: dice.of_ten(5),
            by_browser: dice.of_ten(2),
            by_probe: dice.of_ten(7).then(|| dice.one_of(&refused)),
            same_etag: dice.of_ten(3),
        }
    }

    pub fn influence(&self, request: &HeaderMap) -> Influence {
        let has = |name: &str, text: &str| {
            let value = request.get(name).and_then(|value| value.to_str().ok());
            value.is_some_and(|value| value.contains(text))
        };
        if let Some(refused) = self.by_probe.filter(|_| has("x-probe", "")) {
            return Influence::Refused(refused);
        }
        if let Some(own) = self.by_session.filter(|_| has("cookie", "sid=")) {
            return Influence::Own(own);
        }
        let is_known = has("authorization", "") || has("cookie", "sessionid=");
        let is_seen = self.by_browser && (has("x-user", "") || has("user-agent", "Browser"));
        if is_known || is_seen || (self.by_theme && has("cookie", "theme=")) {
            Influence::Own(OwnPage::LikeAll)
        } else {
            Influence::Nothing
        }
    }
}
