//! One line a minute for each kind of fault.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::policy::time::Time;

/// One line a minute for a fault that would otherwise fill the log.
#[derive(Default)]
pub struct LogLimit {
    last: RefCell<BTreeMap<&'static str, Time>>,
}

impl LogLimit {
    pub fn allows(&self, fault: &'static str, now: Time) -> bool {
        let mut last = self.last.borrow_mut();
        if last.get(fault).is_some_and(|at| now.since(*at) < Duration::from_secs(60)) {
            return false;
        }
        last.insert(fault, now);
        true
    }
}
