//! JSON as people send it, and as the edge stores it.
//!
//! What people send is read by [`parse`], whose error names the place of the fault. What the edge
//! wrote, and a list in a setting, is read by [`read`], which tells only whether the text fits.
//!
//! Types are not deserialized from the text itself. The errors of that would print what they met,
//! and to print a floating-point number alone takes 16 kB of the Worker.

pub mod ascii;
pub mod header_pairs;
mod node;
mod strict;

use serde::de::DeserializeOwned;

pub use self::ascii::to_ascii;
pub use self::strict::parse;

/// Reads a value that the edge wrote. `None`: the text is damaged, or another version wrote it.
pub fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    let value = parse(text.as_bytes()).ok()?;
    T::deserialize(node::Node(value)).ok()
}
