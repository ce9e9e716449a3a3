//! Bearer tokens (RFC 6750) and their scopes.

use http::StatusCode;

use crate::config::{Config, Secret};
use crate::control::ControlError;
use crate::fields::request::RequestFields;

/// The permission that a control route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Purge.
    Purge,
    /// Look up receipts and the tag graph. A token that may purge may read too.
    Read,
}

/// Checks that the request's token has the scope. Send the error as the response.
pub fn authorize(
    config: &Config,
    request: &dyn RequestFields,
    scope: Scope,
) -> Result<(), ControlError> {
    if config.purge_tokens.is_empty() && config.read_tokens.is_empty() {
        return Err(ControlError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "No token is configured",
            "Set PURGE_TOKENS (npx wrangler secret put PURGE_TOKENS) to use the control routes.",
        )
        .about("PURGE_TOKENS"));
    }
    let offered = request.value("authorization");
    let offered = offered.as_deref().and_then(bearer).unwrap_or("");
    // Every token is compared, so that the time does not show which token matched.
    let purges = is_among(&config.purge_tokens, offered);
    let reads = is_among(&config.read_tokens, offered);
    match scope {
        _ if purges => Ok(()),
        Scope::Read if reads => Ok(()),
        Scope::Purge if reads => Err(ControlError::new(
            StatusCode::FORBIDDEN,
            "This token may not purge",
            "Use a token of PURGE_TOKENS; this one may only read.",
        )),
        _ => Err(ControlError::new(
            StatusCode::UNAUTHORIZED,
            "A token is needed",
            "Send Authorization: Bearer <token>, with a token that is configured.",
        )),
    }
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn is_among(tokens: &[Secret], offered: &str) -> bool {
    tokens.iter().fold(false, |found, token| token.is(offered) | found)
}
