//! The requests to the origin on behalf of a page, and what becomes of each response.

mod failed;
mod not_modified;
mod own;
mod passing;
mod plain;
mod provenance;
mod store;

/// Visitors' fields that a plain request does not carry.
const BROWSER: (&str, &str) = ("user-agent", "Mozilla/5.0");
const GERMAN: (&str, &str) = ("accept-language", "de");
const FRENCH: (&str, &str) = ("accept-language", "fr");
