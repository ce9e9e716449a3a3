//! JSON as people send it, and as the edge stores it.
//!
//! What people send is read by [`parse`], whose error names the place of the fault. What the edge
//! wrote, and a list in a setting, is read by [`read`], which tells only whether the text fits.
//!
//! Types are not deserialized from the text itself. The errors of that would print what they met,
//! and to print a floating-point number alone takes 16 kB of the Worker.

pub mod ascii;
mod from_value;
pub mod header_pairs;
pub mod members;
mod strict;

pub use self::ascii::to_ascii;
pub(crate) use self::from_value::from_object;
pub use self::from_value::{Fields, FromValue};
pub use self::strict::parse;

/// Reads a value that the edge wrote. `None`: the text is damaged, or another version wrote it.
pub fn read<T: FromValue>(text: &str) -> Option<T> {
    T::from_value(parse(text.as_bytes()).ok()?)
}
