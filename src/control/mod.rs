//! The control routes under `/edge-isr/`: access, and the format of errors.

pub mod auth;
pub mod journal_receipts;
pub mod purge;
pub mod receipts;
pub mod selectors;
pub mod status;
pub mod warm;

use http::header::{self, HeaderValue};
use http::{Method, StatusCode};

use crate::json::members::Members;
use crate::page::answer::{JSON, PROBLEM, of_json, problem};
use crate::page::visit::Visit;
use crate::platform::{Platform, Response};
use crate::routes::Control;

/// A refused request in the format of RFC 9457, with the field or setting that caused it.
#[derive(Debug)]
pub struct ControlError {
    /// The kind of the error, in a few words.
    pub title: &'static str,
    /// The status of the response.
    pub status: u16,
    /// The explanation, with the next step for the caller.
    pub detail: String,
    /// The field or setting that caused the error.
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
        let problem =
            Members::default().text("title", self.title).number("status", self.status.into());
        let problem = problem.text("detail", &self.detail).text_if("field", self.field.as_deref());
        ControlReply::problem(status, problem)
    }
}

/// The reply of a control route: a JSON text.
#[derive(Debug)]
pub struct ControlReply {
    status: StatusCode,
    content_type: &'static str,
    text: String,
    /// Where what was begun is looked up.
    location: Option<String>,
}

impl ControlReply {
    /// Makes the reply to a request that was carried out.
    pub fn done(reply: Members) -> ControlReply {
        ControlReply::of_text(StatusCode::OK, reply.end())
    }

    /// Makes the reply to a request that was not carried out. `problem` has the members of RFC 9457.
    pub fn problem(status: StatusCode, problem: Members) -> ControlReply {
        let (content_type, text) = (PROBLEM, problem.end());
        ControlReply { status, content_type, text, location: None }
    }

    /// Makes the reply of a JSON text that another part of the edge wrote.
    pub fn of_text(status: StatusCode, text: String) -> ControlReply {
        ControlReply { status, content_type: JSON, text, location: None }
    }

    /// The line of `LOG = "purges"`.
    fn logged(&self) -> String {
        let (status, text) = (self.status.as_u16(), &self.text);
        format!(r#"{{"log":"purge","status":{status},"reply":{text}}}"#)
    }

    fn response<P: Platform>(self, platform: &P) -> Response<P::Body> {
        let mut response = of_json(platform, self.status, self.content_type, self.text);
        if let Some(Ok(location)) = self.location.map(HeaderValue::try_from) {
            response.headers.insert(header::LOCATION, location);
        }
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
        Control::Purge | Control::Warm => Method::POST,
        Control::Job(_) if visit.method == Method::DELETE => Method::DELETE,
        Control::Status | Control::Receipt(_) | Control::Purges => Method::GET,
        Control::Job(_) | Control::Jobs => Method::GET,
        Control::Unknown => {
            let detail = "The control routes are purge, purges, purges/<id>, status, warm, jobs and \
                          jobs/<id>, under this prefix.";
            return problem(platform, StatusCode::NOT_FOUND, "No such control route", detail);
        }
    };
    if visit.method != method {
        let is_job = matches!(route, Control::Job(_));
        return wrong_method(platform, if is_job { "GET, DELETE" } else { method.as_str() });
    }
    let scope = if method == Method::GET { auth::Scope::Read } else { auth::Scope::Purge };
    let reply = match auth::authorize(platform.config(), &*visit.fields, scope) {
        Err(refusal) => Err(refusal),
        Ok(()) => match route {
            Control::Purge => purge::answer(platform, visit, body).await,
            Control::Receipt(id) => receipts::answer(platform, visit, id).await,
            Control::Purges => journal_receipts::list(platform, visit).await,
            Control::Warm => warm::start(platform, visit, body).await,
            Control::Job(id) => warm::job(platform, id, &method).await,
            Control::Jobs => warm::jobs(platform).await,
            _ => status::answer(platform, visit).await,
        },
    };
    let reply = reply.unwrap_or_else(ControlError::into_reply);
    if platform.config().log.purges && matches!(route, Control::Purge) {
        platform.log_object(&reply.logged());
    }
    reply.response(platform)
}

fn wrong_method<P: Platform>(platform: &P, allowed: &str) -> Response<P::Body> {
    let detail = format!("This route takes {allowed}.");
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let mut response = problem(platform, status, "Method not allowed", &detail);
    if let Ok(value) = HeaderValue::from_str(allowed) {
        response.headers.insert(header::ALLOW, value);
    }
    response
}
