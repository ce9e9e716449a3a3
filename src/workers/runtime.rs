//! The [`Platform`](crate::platform::Platform) of one request of the Worker. Each capability is
//! implemented in the file of its name.

use std::rc::Rc;

use worker::{Context, console_log};

use super::bindings::Bindings;
use super::headers::Native;
use super::js::combined;
use crate::config::Config;
use crate::isolate::Isolate;
use crate::platform;

/// One request's access to the settings, the isolate and the runtime.
#[derive(Clone)]
pub struct Runtime {
    /// The settings.
    pub config: Rc<Config>,
    /// The memory of this isolate.
    pub isolate: Rc<Isolate>,
    /// The runtime's context of the request.
    pub context: Rc<Context>,
    /// The Worker's bindings.
    pub bindings: Bindings,
    /// Whether the journal's object is bound. Each look at a binding is a call into JavaScript.
    pub has_journal: bool,
    /// The visitor's fields, as they came.
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

    fn log_object(&self, json: &str) {
        // Workers Logs takes the fields of an object, and not those of a text.
        combined::log_object(json);
    }
}
