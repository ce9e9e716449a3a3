//! What a visitor asked for, as the flows carry it.

use std::rc::Rc;

use http::Method;

use crate::policy::fields::RequestFields;
use crate::policy::key::CacheKey;

/// A visitor's request without its body.
#[derive(Clone)]
pub struct Visit {
    pub method: Method,
    /// The URL as it came: the origin is asked for just this spelling.
    pub url: String,
    pub key: CacheKey,
    pub fields: Rc<dyn RequestFields>,
}

impl Visit {
    pub fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// Path and query as they came.
    pub fn path_and_query(&self) -> &str {
        let after_scheme = self.url.find("://").map_or(0, |at| at + 3);
        let path =
            self.url[after_scheme..].find('/').map_or(self.url.len(), |at| after_scheme + at);
        self.url[path..].split('#').next().unwrap_or("")
    }
}
