//! The control routes under `/edge-isr/`: access, and the format of errors.

pub mod auth;
pub mod journal_receipts;
pub mod purge;
pub mod receipts;
pub mod selectors;
pub mod status;

use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use serde::Serialize;

use crate::page::answer::{JSON, PROBLEM, of_json, problem, to_json};
use crate::page::visit::Visit;
use crate::platform::{Platform, Response};
use crate::routes::Control;

/// A refused request in the format of RFC 9457, with the field or setting that caused it.
#[derive(Debug, Serialize)]
pub struct ControlError {
    /// The kind of the error, in a few words.
    pub title: &'static str,
    /// The status of the response.
    pub status: u16,
    /// The explanation, with the next step for the caller.
    pub detail: String,
    /// The field or setting that caused the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl ControlError {
    /// Makes an error. Its `detail` tells the caller what to do.
    pub fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> ControlError {
        ControlError { title, status: status.as_u16(), detail: detail.into(), field: None }
    }

    /// Names the field or setting that caused the error.
    pub fn about(mut self, field: impl Into<String>) -> ControlError {
        self.field = Some(field.into());
        self
    }

    fn into_reply(self) -> ControlReply {
        // The number was made from a StatusCode above.
        let status = StatusCode::from_u16(self.status).expect("a legal status");
        ControlReply::problem(status, &self)
    }
}

/// The reply of a control route: a JSON text.
#[derive(Debug)]
pub struct ControlReply {
    status: StatusCode,
    content_type: &'static str,
    text: String,
}

impl ControlReply {
    /// Makes the reply to a request that was carried out.
    pub fn done(value: &impl Serialize) -> ControlReply {
        ControlReply { status: StatusCode::OK, content_type: JSON, text: to_json(value) }
    }

    /// Makes the reply to a request that was not carried out. `problem` has the members of RFC 9457.
    pub fn problem(status: StatusCode, problem: &impl Serialize) -> ControlReply {
        ControlReply { status, content_type: PROBLEM, text: to_json(problem) }
    }

    /// The line of `LOG = "purges"`.
    fn logged(&self) -> String {
        let (status, text) = (self.status.as_u16(), &self.text);
        format!(r#"{{"log":"purge","status":{status},"reply":{text}}}"#)
    }

    fn response<P: Platform>(self, platform: &P) -> Response<P::Body> {
        let mut response = of_json(platform, self.status, self.content_type, self.text);
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"edge-isr\"");
            response.headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Makes the response to a request for a control route.
pub async fn control<P: Platform>(
    platform: &P,
    route: Control<'_>,
    visit: &Visit,
    body: Option<P::Body>,
) -> Response<P::Body> {
    let method = match route {
        Control::Purge => Method::POST,
        Control::Status | Control::Receipt(_) | Control::Purges => Method::GET,
        Control::Unknown => {
            let detail =
                "The control routes are purge, purges, purges/<id> and status, under this prefix.";
            return problem(platform, StatusCode::NOT_FOUND, "No such control route", detail);
        }
    };
    if visit.method != method {
        return wrong_method(platform, &method);
    }
    let scope = match route {
        Control::Purge => auth::Scope::Purge,
        _ => auth::Scope::Read,
    };
    let reply = match auth::authorize(platform.config(), &*visit.fields, scope) {
        Err(refusal) => Err(refusal),
        Ok(()) => match route {
            Control::Purge => purge::answer(platform, body).await,
            Control::Receipt(id) => receipts::answer(platform, visit, id).await,
            Control::Purges => journal_receipts::list(platform, visit).await,
            _ => status::answer(platform, visit).await,
        },
    };
    let reply = reply.unwrap_or_else(ControlError::into_reply);
    if platform.config().log.purges && matches!(route, Control::Purge) {
        platform.log_object(&reply.logged());
    }
    reply.response(platform)
}

fn wrong_method<P: Platform>(platform: &P, allowed: &Method) -> Response<P::Body> {
    let detail = format!("This route takes {allowed}.");
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let mut response = problem(platform, status, "Method not allowed", &detail);
    if let Ok(value) = HeaderValue::from_str(allowed.as_str()) {
        response.headers.insert(header::ALLOW, value);
    }
    response
}
