//! Logging of faults, but not at each request.

use crate::isolate::complaints::Complaint;
use crate::platform::Platform;

/// Logs `text`, unless this isolate logged a complaint of the same kind within a minute.
pub fn complain<P: Platform>(platform: &P, complaint: Complaint, text: impl FnOnce() -> String) {
    if platform.isolate().complaints.allows(complaint, platform.now()) {
        platform.log(&text());
    }
}
