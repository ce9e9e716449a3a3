//! Pure. Rows of a Durable Object.

/// A row to write or to delete before the reply is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowChange {
    /// Write the row.
    Put {
        /// The key of the row.
        key: String,
        /// The content in its written form.
        value: String,
    },
    /// Delete the row.
    Delete {
        /// The key of the row.
        key: String,
    },
}

/// The rows to read: those with keys from `from` on and before `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowRange<'k> {
    /// The first key.
    pub from: &'k str,
    /// The key before which the range ends. An empty one is no limit.
    pub to: &'k str,
    /// The order in which the rows are read.
    pub order: RowOrder,
    /// The most rows to read.
    pub most: Option<usize>,
}

impl RowRange<'_> {
    /// All rows of an object.
    pub const ALL: RowRange<'static> =
        RowRange { from: "", to: "", order: RowOrder::Ascending, most: None };
}

/// The order of rows, by their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOrder {
    /// The first key comes first.
    Ascending,
    /// The last key comes first.
    Descending,
}
