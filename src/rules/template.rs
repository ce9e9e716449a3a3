//! Templates of tags: texts with variables such as `post:{slug}`.

use super::facts::Facts;
use super::glob::{Glob, each_with_each};
use crate::fields::url::{form_decoded, normal};
use crate::policy::key::part::PartKind;
use crate::policy::tag::{TAGS_MOST, Tag, TagError};

/// A template of tags, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagTemplate {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(Variable),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Variable {
    Path,
    /// A segment of the path, counted from 1.
    Segment(usize),
    Host,
    /// A parameter of the query.
    Parameter(String),
    /// A named part of the rule's glob.
    Part(String),
    /// A part of the key that a visitor's request has.
    Keyed(PartKind, String),
}

/// The reason why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace is not closed, or closes nothing.
    #[error("has a brace without its other half")]
    Brace,
    /// The variable is none of those that exist, nor a part of the rule's path.
    #[error(
        "names {{{0}}}: there are {{path}}, {{path.1}}, {{host}}, {{query.name}}, {{device}}, {{locale}}, \
         {{country}}, {{header.name}}, {{cookie.name}}, and the parts that the rule's path names"
    )]
    Unknown(String),
    /// The text without its variables is no tag.
    #[error("is no tag: {0}")]
    NoTag(String),
}

impl TagTemplate {
    /// Parses a template of a rule whose path has this glob; fails with the reason.
    pub fn parse(text: &str, path: Option<&Glob>) -> Result<TagTemplate, TemplateError> {
        let (mut pieces, mut fixed) = (Vec::new(), String::new());
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            let (before, braced) = rest.split_at(open);
            let inside = braced.strip_prefix('{').ok_or(TemplateError::Brace)?;
            let (name, after) = inside.split_once('}').ok_or(TemplateError::Brace)?;
            fixed.push_str(before);
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Variable(variable(name, path)?));
            rest = after;
        }
        fixed.push_str(rest);
        pieces.push(Piece::Text(rest.to_owned()));
        match Tag::origin(&fixed) {
            Err(TagError::Empty) if pieces.len() > 1 => {}
            Err(cause) => return Err(TemplateError::NoTag(cause.to_string())),
            Ok(_) => {}
        }
        Ok(TagTemplate { pieces })
    }

    /// Returns the parts of a visitor's request that the template names.
    pub fn keyed(&self) -> impl Iterator<Item = (PartKind, &str)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(Variable::Keyed(kind, name)) => Some((*kind, &**name)),
            _ => None,
        })
    }

    /// Tells whether a tag holds a value of the page's query.
    pub fn reads_query(&self) -> bool {
        let is_parameter = |piece: &Piece| matches!(piece, Piece::Variable(Variable::Parameter(_)));
        self.pieces.iter().any(is_parameter)
    }

    /// Returns the tags of a page: one for each value of a variable, and none if a value is missing.
    /// Past [`TAGS_MOST`] not all of them are made: the response is not stored then.
    pub fn tags(&self, facts: &Facts<'_>, path: Option<&Glob>) -> Vec<String> {
        let mut texts = vec![String::new()];
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => texts.iter_mut().for_each(|tag| tag.push_str(text)),
                Piece::Variable(variable) => {
                    let mut values = variable.values(facts, path);
                    values.truncate(TAGS_MOST + 1);
                    texts.truncate(TAGS_MOST / values.len().max(1) + 1);
                    texts = each_with_each(&texts, "", &values);
                }
            }
        }
        texts
    }
}

fn variable(name: &str, path: Option<&Glob>) -> Result<Variable, TemplateError> {
    if path.is_some_and(|glob| glob.names().any(|part| part == name)) {
        return Ok(Variable::Part(name.to_owned()));
    }
    let segment = |text: &str| text.parse().ok().filter(|number| *number > 0);
    let variable = match name.split_once('.') {
        None if name == "path" => Some(Variable::Path),
        None if name == "host" => Some(Variable::Host),
        Some(("path", number)) => segment(number).map(Variable::Segment),
        Some(("query", name)) if !name.is_empty() => Some(Variable::Parameter(name.to_owned())),
        None => unnamed(name).map(|kind| Variable::Keyed(kind, String::new())),
        Some(("header", name)) => {
            Some(Variable::Keyed(PartKind::Header, name.to_ascii_lowercase()))
        }
        Some(("cookie", name)) => Some(Variable::Keyed(PartKind::Cookie, name.to_owned())),
        _ => None,
    };
    variable.ok_or_else(|| TemplateError::Unknown(name.to_owned()))
}

/// The part of a key that a variable without a point names.
fn unnamed(name: &str) -> Option<PartKind> {
    [PartKind::Device, PartKind::Locale, PartKind::Country]
        .into_iter()
        .find(|kind| kind.as_str() == name)
}

impl Variable {
    fn values(&self, facts: &Facts<'_>, glob: Option<&Glob>) -> Vec<String> {
        let path = facts.path();
        let found = match self {
            Variable::Path => Some(path),
            Variable::Segment(number) => path.split('/').nth(*number),
            Variable::Host => Some(facts.key().host()),
            Variable::Part(name) => glob.and_then(|glob| glob.part(path, name)),
            Variable::Parameter(name) => return parameters(facts, name),
            Variable::Keyed(kind, name) => facts.key().value_of(*kind, name),
        };
        found.filter(|value| !value.is_empty()).map(in_tag).into_iter().collect()
    }
}

fn parameters(facts: &Facts<'_>, wanted: &str) -> Vec<String> {
    let mut values = Vec::new();
    for parameter in facts.key().query().unwrap_or("").split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if !value.is_empty() && form_decoded(name) == wanted {
            values.push(in_tag(&form_decoded(value)));
        }
    }
    values
}

/// Writes a value as a part of a tag: a space becomes `-`, and what a tag cannot hold is
/// percent-encoded.
fn in_tag(value: &str) -> String {
    normal(value).replace("%20", "-").replace(',', "%2C")
}
