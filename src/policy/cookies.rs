//! Cookies that mean something, and the `Cookie` field without the others.
//!
//! Cookies are split at `;` and at `,`. The lines of the field are joined with commas, which no
//! cookie's name or value holds (RFC 6265 §4.1.1). A value with a comma is read as two cookies, so
//! a name after a comma is never overlooked.

use crate::fields::sorting::sorted_by_text;

/// The default of `LOGIN_COOKIES`. A visitor with such a cookie has logged in, or has a state of
/// their own that pages show.
///
/// Cookies that a framework gives to every visitor are left out (`PHPSESSID`, `laravel_session`,
/// `JSESSIONID`, `connect.sid`): with them nothing would be shared.
pub const LOGINS: &[&str] = &[
    // Django, `SESSION_COOKIE_NAME` and `django.contrib.messages`: a message not yet shown.
    "sessionid",
    "messages",
    // WordPress, `wp-includes/default-constants.php`: an account, a page's password, or the author
    // of a comment that others do not see yet.
    "wordpress_logged_in_*",
    "wordpress_sec_*",
    "wp-postpass_*",
    "comment_author_*",
    // WooCommerce and Easy Digital Downloads: a basket.
    "woocommerce_items_in_cart",
    "woocommerce_cart_hash",
    "wp_woocommerce_session_*",
    "edd_items_in_cart",
    // Rails with Devise (`remember_<scope>_token`), Flask-Login and Clearance, Laravel
    // (`SessionGuard::getRecallerName`), Symfony, Spring Security.
    "remember_user_token",
    "remember_token",
    "remember_web_*",
    "REMEMBERME",
    "remember-me",
    // Auth.js, once NextAuth; a long session is cut into `….0`, `….1`.
    "next-auth.session-token*",
    "__Secure-next-auth.session-token*",
    "authjs.session-token*",
    "__Secure-authjs.session-token*",
    // Better Auth.
    "better-auth.session_token",
    "__Secure-better-auth.session_token",
    // Auth0 (`appSession.0`), Clerk and Firebase Hosting, Supabase, Cloudflare Access.
    "appSession*",
    "__session",
    "__session_*",
    "sb-*",
    "CF_Authorization",
    // Next.js: draft and preview mode.
    "__prerender_bypass",
    "__next_preview_data",
    // ASP.NET Core, OWIN and Forms Authentication.
    ".AspNetCore.Identity.Application*",
    ".AspNetCore.Cookies*",
    ".AspNet.ApplicationCookie*",
    ".ASPXAUTH",
    // Drupal, `SessionConfiguration::getName`, over http and https; Spring Session's `SESSION` too.
    "SESS*",
    "SSESS*",
    // Joomla, TYPO3 (front end and back end), Magento (every state but a guest's), Discourse.
    "joomla_user_state",
    "fe_typo_user",
    "be_typo_user",
    "X-Magento-Vary",
    "_t",
    // Ghost: a member, and the staff.
    "ghost-members-ssr",
    "ghost-admin-api-session",
    // Shopify and shops like it: a basket.
    "cart",
];

/// The default of `IGNORE_COOKIES`: origins make no page by them.
pub const IGNORED: &[&str] = &[
    // Google Analytics, Tag Manager, Ads and Optimize; Urchin before them.
    "_ga",
    "_ga_*",
    "_gid",
    "_gat*",
    "_gcl_*",
    "_gac_*",
    "__gads",
    "__gpi",
    "__eoi",
    "FPID",
    "FPLC",
    "__utm*",
    // Meta, TikTok, Snap, Reddit, Pinterest, LinkedIn, X, Microsoft Ads and Clarity.
    "_fbp",
    "_fbc",
    "_tt_*",
    "_ttp",
    "ttcsid*",
    "_scid*",
    "_rdt_uuid",
    "_pin_unauth",
    "li_fat_id",
    "ln_or",
    "_twclid",
    "_uet*",
    "_clck",
    "_clsk",
    // Hotjar, Matomo, Segment, Mixpanel, Amplitude, PostHog, Optimizely, Visual Website Optimizer,
    // HubSpot, Adobe, Yandex, Datadog, New Relic, Parse.ly, Chartbeat, Klaviyo, Mailchimp.
    "_hj*",
    "_pk_*",
    "mtm_*",
    "ajs_*",
    "mp_*",
    "amp_*",
    "AMP_*",
    "ph_phc_*",
    "optimizely*",
    "_vwo*",
    "_vis_opt*",
    "__hs*",
    "hubspotutk",
    "AMCV_*",
    "AMCVS_*",
    "s_cc",
    "s_sq",
    "_ym_*",
    "_dd_s",
    "NRBA_*",
    "_parsely*",
    "_cb",
    "_cb_ls",
    "_cb_svref",
    "_chartbeat*",
    "__kla_id",
    "_mcid",
    // Consent of a visitor: OneTrust, Cookiebot, IAB TCF, CookieYes, Cookie Notice, Osano,
    // Complianz, Usercentrics and Didomi.
    "OptanonConsent",
    "OptanonAlertBoxClosed",
    "CookieConsent",
    "euconsent*",
    "cookieyes-consent",
    "cookielawinfo-*",
    "viewed_cookie_policy",
    "cookie_notice_accepted",
    "cookieconsent_status",
    "cmplz_*",
    "didomi_token",
    // Tokens against forged requests. A plain response that used one sets it, and is not shared.
    "csrftoken",
    "XSRF-TOKEN",
    // WordPress: a test whether the browser takes cookies.
    "wordpress_test_cookie",
    // Load balancers and Cloudflare's own protection.
    "AWSALB*",
    "ARRAffinity*",
    "BIGipServer*",
    "__cf_bm",
    "_cfuvid",
    "cf_clearance",
];

/// Beginnings of cookies that name the server behind a load balancer: AWS, Azure, F5.
const OF_LOAD_BALANCERS: [&str; 3] = ["AWSALB", "ARRAffinity", "BIGipServer"];

/// Names of cookies, each exact or by its beginning. Case counts (RFC 6265 §5.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CookieNames {
    /// Sorted.
    exact: Vec<String>,
    /// Beginnings of names, sorted, none of which begins with another.
    beginnings: Vec<String>,
}

/// An error: the text is no cookie's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "names {0:?}, which is no cookie's name: a name is letters, digits and any of \
     !#$%&'+-.^_`|~, one * may end it, and * alone means any cookie"
)]
pub struct NoCookieName(pub String);

impl CookieNames {
    /// Parses names; a `*` at the end makes a beginning. Fails at the first illegal name.
    pub fn parse<T: AsRef<str>>(names: &[T]) -> Result<CookieNames, NoCookieName> {
        let mut parsed = CookieNames::default();
        for name in names.iter().map(AsRef::as_ref) {
            let beginning = name.strip_suffix('*');
            let letters = beginning.unwrap_or(name);
            // An apostrophe is legal, but a name between two is more likely quoted.
            let is_quoted = name.len() > 1 && name.starts_with('\'') && name.ends_with('\'');
            if !letters.bytes().all(is_legal) || name.is_empty() || is_quoted {
                return Err(NoCookieName(name.to_owned()));
            }
            match beginning {
                Some(beginning) => parsed.add_beginning(beginning),
                None => parsed.exact.push(name.to_owned()),
            }
        }
        parsed.exact = sorted_by_text(parsed.exact, String::clone);
        parsed.exact.dedup();
        Ok(parsed)
    }

    fn add_beginning(&mut self, beginning: &str) {
        if !self.has_beginning_of(beginning) {
            self.beginnings.retain(|longer| !longer.starts_with(beginning));
            let place = self.beginnings.partition_point(|before| &**before < beginning);
            self.beginnings.insert(place, beginning.to_owned());
        }
    }

    /// Tells whether a cookie of this name is in the list.
    pub fn matches(&self, name: &str) -> bool {
        self.exact.binary_search_by(|known| (**known).cmp(name)).is_ok()
            || self.has_beginning_of(name)
    }

    /// Tells whether a name has a listed beginning. Only the last beginning at or before the name
    /// can match. Another one between a match and the name would begin with the match.
    fn has_beginning_of(&self, name: &str) -> bool {
        let after = self.beginnings.partition_point(|beginning| &**beginning <= name);
        let last = self.beginnings[..after].last();
        last.is_some_and(|beginning| name.starts_with(beginning.as_str()))
    }

    /// Returns the names as they were written.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn written(&self) -> impl Iterator<Item = String> {
        let beginnings = self.beginnings.iter().map(|beginning| format!("{beginning}*"));
        self.exact.iter().cloned().chain(beginnings)
    }

    /// Tells whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.beginnings.is_empty()
    }
}

/// Tells whether a byte is of a token (RFC 9110 §5.6.2), except `*`, which means any rest here.
fn is_legal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'+-.^_`|~".contains(&byte)
}

/// Tells whether a request's `Cookie` field holds a wanted cookie.
pub fn has(cookie_field: &str, wanted: &CookieNames) -> bool {
    !wanted.is_empty() && cookies(cookie_field).any(|cookie| wanted.matches(name(cookie)))
}

/// Returns a `Cookie` field without the ignored cookies, as `a=1; b=2` in the order received.
/// `None` means that no cookie is left. The others are unchanged: a comma may be part of a value.
/// `ignored` tells by a cookie's name whether it is ignored.
pub fn telling(cookie_field: &str, ignored: &dyn Fn(&str) -> bool) -> Option<String> {
    // Some origins split at commas and blanks too: the text after one may be another cookie.
    let begins_another = |part: &str| part.find('=').is_some_and(|at| at > 0);
    let hides_another = |cookie: &str| cookie.split(' ').skip(1).any(begins_another);
    let means_nothing = |cookie: &str| ignored(name(cookie)) && !hides_another(cookie);
    let field = cookie_field
        .split(';')
        .map(bare)
        .filter(|pair| !cookies(pair).all(means_nothing))
        .collect::<Vec<_>>()
        .join("; ");
    Some(field).filter(|field| !field.is_empty())
}

/// Tells whether a line of `Set-Cookie` comes from a load balancer or from Cloudflare's inspection
/// of a connection, and not from the origin's application.
pub fn is_of_load_balancer(set_cookie_line: &str) -> bool {
    let name = set_cookie_name(set_cookie_line);
    name == "__cf_bm" || OF_LOAD_BALANCERS.iter().any(|beginning| name.starts_with(beginning))
}

/// Returns the name of the cookie that a line of `Set-Cookie` sets.
pub fn set_cookie_name(line: &str) -> &str {
    name(line.split(';').next().unwrap_or(""))
}

/// Returns the names and values of a request's cookies.
pub fn pairs(cookie_field: &str) -> impl Iterator<Item = (&str, &str)> {
    let pair = |cookie| (name(cookie), cookie.split_once('=').map_or("", |(_, value)| bare(value)));
    cookies(cookie_field).map(pair)
}

fn cookies(field: &str) -> impl Iterator<Item = &str> {
    field.split([';', ',']).map(bare).filter(|cookie| !cookie.is_empty())
}

fn name(cookie: &str) -> &str {
    // Some origins drop any white space before a name: a login must not be overlooked.
    cookie.split('=').next().unwrap_or("").trim()
}

/// Drops blanks at both ends. Other white space may be part of a value (RFC 9110 §5.6.3): the text may
/// have a character for each byte, and a byte of a letter must not be lost.
fn bare(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}
