mod answer;
mod directives;
mod fill;
mod forward;
mod keyed;
mod lookup;
mod range;
mod refresh;
mod reply;
mod rules;
mod serve;
mod server_timing;
mod shared_key;
mod variants;

/// A setting with which the first request for any page is the plain one.
const PLAIN_FIRST: (&str, &str) = ("RULES", r#"[{"path":"/**","plain":true}]"#);
