//! A visitor's fields as the key of the page shows them.

use std::rc::Rc;

use http::header::{HeaderMap, HeaderName};

use crate::fields::request::RequestFields;
use crate::policy::key::part::{self, KeyPart};

/// A visitor's fields, but those of the key's parts in their normal form.
///
/// All that follows reads these: the origin, the comparison by `Vary`, and the plain request see one
/// value for all visitors with the key.
pub struct KeyedFields {
    visitor: Rc<dyn RequestFields>,
    parts: Vec<KeyPart>,
    /// The names of the fields of the key's parts.
    keyed: Vec<HeaderName>,
    /// Their values, except `Cookie`.
    shown: HeaderMap,
}

impl KeyedFields {
    /// Puts the parts in the place of what the visitor sent.
    pub fn new(visitor: Rc<dyn RequestFields>, parts: &[KeyPart]) -> KeyedFields {
        let mut shown = HeaderMap::new();
        let keyed = part::put(parts, &mut shown);
        KeyedFields { visitor, parts: parts.to_vec(), keyed, shown }
    }

    fn is_keyed(&self, name: &str) -> bool {
        self.keyed.iter().any(|keyed| keyed == name)
    }
}

impl RequestFields for KeyedFields {
    fn raw(&self, name: &str) -> Option<String> {
        match name {
            _ if !self.is_keyed(name) => self.visitor.raw(name),
            "cookie" => {
                part::with_cookies(&self.parts, &self.visitor.raw(name).unwrap_or_default())
            }
            _ => self.shown.raw(name),
        }
    }

    fn all(&self) -> HeaderMap {
        let mut fields = self.visitor.all();
        part::put(&self.parts, &mut fields);
        fields
    }

    /// The fields of the key are left out: the key tells their values apart.
    fn any_name(&self, wanted: &dyn Fn(&str) -> bool) -> bool {
        self.visitor.any_name(&|name| !self.is_keyed(name) && wanted(name))
    }

    // What the key adds to a field does not make it too long: its values come from lists.
    fn value(&self, name: &str) -> Option<String> {
        if self.is_keyed(name) { self.raw(name) } else { self.visitor.value(name) }
    }

    fn is_incomparable(&self, name: &str) -> bool {
        (name == "cookie" || !self.is_keyed(name)) && self.visitor.is_incomparable(name)
    }

    fn is_oversized(&self, name: &str) -> bool {
        (name == "cookie" || !self.is_keyed(name)) && self.visitor.is_oversized(name)
    }

    fn accepted_encoding(&self) -> Option<String> {
        self.visitor.accepted_encoding()
    }
}
