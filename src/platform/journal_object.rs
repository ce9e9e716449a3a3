//! The runtime of an object with rows: the journal's, and that of warmups.

use std::future::Future;

use crate::journal::object::Terms;
use crate::platform::Clock;
use crate::platform::kv::KvOperations;
use crate::platform::rows::{RowChange, RowRange};
use crate::policy::time::Time;

/// The reason why the object could not read or write its rows, in the runtime's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StorageError(pub String);

/// The runtime of an object: its rows, its alarm, and KV.
pub trait ObjectRuntime: Clock + 'static {
    /// The namespace `TAGS`.
    type Namespace: KvOperations;

    /// Returns KV. Set a time limit for each operation.
    fn kv(&self) -> Self::Namespace;
    /// Returns the object's own id. Another environment has another one.
    fn id(&self) -> String;
    /// Returns what the object may use.
    fn terms(&self) -> Terms;
    /// Reads rows.
    fn rows(&self, range: RowRange<'_>) -> Result<Vec<(String, String)>, StorageError>;
    /// Writes and deletes rows: all of them, or none with an error. No reply leaves the object before
    /// they are durable.
    fn write(&self, changes: Vec<RowChange>) -> Result<(), StorageError>;
    /// Runs `work` in the background. The object stays for it.
    fn defer(&self, work: impl Future<Output = ()> + 'static);
    /// Sets the alarm, in place of an earlier one.
    fn set_alarm(&self, at: Time) -> Result<(), StorageError>;
    /// Writes a line to the log.
    fn log(&self, line: &str);
}
