//! Places in the data centre's cache.

use sha2::{Digest, Sha256};

/// The version of the hash scheme. A response stored under another version is never found.
const SCHEME: &str = "edge-isr 1";

/// A place in the data centre's cache.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    host: String,
    digest: String,
}

impl Slot {
    /// Returns the slot of what the parts identify on a host.
    pub(super) fn of(host: &str, parts: &[&[u8]]) -> Slot {
        Slot { host: host.to_owned(), digest: digest(parts) }
    }

    /// Returns the slot beside this one for `purpose` (`lease`, `seen`, a body's token, …).
    pub fn beside(&self, purpose: &str) -> Slot {
        Slot::of(&self.host, &[b"beside", self.digest.as_bytes(), purpose.as_bytes()])
    }

    /// Returns the global name: 64 hexadecimal digits of a hash that includes the host.
    pub fn name(&self) -> &str {
        &self.digest
    }

    /// Returns a number that distinguishes the slots of an isolate.
    pub fn number(&self) -> u64 {
        u64::from_str_radix(&self.digest[..16], 16).unwrap_or(0)
    }

    /// Returns the URL for the Cache API, on the zone's own host. The Worker serves the path itself
    /// and never forwards it.
    ///
    /// `secret` keeps clients from guessing the URL. If no route covers the control prefix, a
    /// client could otherwise request stored responses directly.
    pub fn url(&self, control_prefix: &str, secret: &[u8]) -> String {
        let name = digest(&[b"slot", secret, self.digest.as_bytes()]);
        format!("https://{}{control_prefix}/stored/{name}", self.host)
    }
}

/// Hashes the parts, each preceded by its length, so that no two lists of parts hash alike.
pub(super) fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in [SCHEME.as_bytes()].iter().chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}
