//! The [`Platform`](crate::platform::Platform) of one request of the Worker. Each capability is
//! implemented in the file of its name.

use std::rc::Rc;

use worker::{Context, console_log};

use super::bindings::Bindings;
use super::headers::Native;
use crate::config::Config;
use crate::isolate::Isolate;
use crate::platform;

#[derive(Clone)]
pub struct Runtime {
    pub config: Rc<Config>,
    pub isolate: Rc<Isolate>,
    pub context: Rc<Context>,
    pub bindings: Bindings,
    pub visitor: Rc<Native>,
}

impl platform::Context for Runtime {
    fn config(&self) -> &Config {
        &self.config
    }

    fn isolate(&self) -> &Isolate {
        &self.isolate
    }

    fn log(&self, line: &str) {
        console_log!("edge-isr: {line}");
    }
}
