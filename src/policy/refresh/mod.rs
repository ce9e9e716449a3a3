//! The requests to the origin that may fill the cache: which is sent first, what it carries, and what
//! its response means for the page.

pub mod answers;
pub mod backoff;
pub mod first;
pub mod guess;
pub mod passing;
pub mod plain;
