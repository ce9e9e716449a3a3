//! Requests to the origin that may fill the cache: their order, their fields, and the meaning of
//! their responses for the page.

pub mod answers;
pub mod backoff;
pub mod first;
pub mod guess;
pub mod passing;
pub mod plain;
