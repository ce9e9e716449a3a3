//! Pure. How header fields and URLs are spelt; nothing is decided here.

pub mod cache_control;
pub mod cache_status;
pub mod conditional;
pub mod forwarding;
pub mod no_vary_search;
pub mod range;
pub mod relocation;
pub mod request;
pub mod request_directives;
pub mod response;
pub mod sorting;
pub mod steps;
pub mod structured;
pub mod url;
pub mod vary;
