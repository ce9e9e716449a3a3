//! JSON objects that the edge answers with, written member by member.
//!
//! Types with `Serialize` and flattened parts took twice as much of the Worker.

use crate::json;

/// A JSON object under construction.
#[derive(Clone, Debug, Default)]
pub struct Members(String);

impl Members {
    /// Adds a member whose value is JSON already.
    pub fn json(mut self, name: &str, value: &str) -> Members {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        for part in ["\"", name, "\":", value] {
            self.0.push_str(part);
        }
        self
    }

    /// Adds a text.
    pub fn text(self, name: &str, text: &str) -> Members {
        self.json(name, &json::to_ascii(&text))
    }

    /// Adds a text, if there is one.
    pub fn text_if(self, name: &str, text: Option<&str>) -> Members {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// Adds a number.
    pub fn number(self, name: &str, number: u64) -> Members {
        self.json(name, &number.to_string())
    }

    /// Adds `true` or `false`.
    pub fn flag(self, name: &str, flag: bool) -> Members {
        self.json(name, if flag { "true" } else { "false" })
    }

    /// Adds an object.
    pub fn object(self, name: &str, object: Members) -> Members {
        self.json(name, &object.end())
    }

    /// Adds a list of texts.
    pub fn texts<'t>(self, name: &str, texts: impl Iterator<Item = &'t str>) -> Members {
        self.list(name, &mut texts.map(|text| json::to_ascii(&text)))
    }

    /// Adds a list of objects.
    pub fn objects(self, name: &str, objects: impl Iterator<Item = Members>) -> Members {
        self.list(name, &mut objects.map(Members::end))
    }

    fn list(self, name: &str, values: &mut dyn Iterator<Item = String>) -> Members {
        let mut list = String::from("[");
        for value in values {
            list.push_str(if list.len() > 1 { "," } else { "" });
            list.push_str(&value);
        }
        self.json(name, &(list + "]"))
    }

    /// Ends the object.
    pub fn end(mut self) -> String {
        self.0.push_str(if self.0.is_empty() { "{}" } else { "}" });
        self.0
    }
}
