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
