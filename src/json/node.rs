//! A parsed value from which types are deserialized.

use std::fmt::{self, Display};

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{Error, IntoDeserializer, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};
use serde_json::{Map, Value};

/// A parsed value. It serves the formats of the edge: numbers are whole, and an enum is the name
/// of its variant, or an object of that name and its content.
pub(super) struct Node(pub Value);

/// A value that does not fit its type.
#[derive(Debug)]
pub(super) struct Unfit;

impl Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value does not fit its type")
    }
}

impl std::error::Error for Unfit {}

impl Error for Unfit {
    fn custom<T: Display>(_: T) -> Unfit {
        Unfit
    }
}

impl<'de> Deserializer<'de> for Node {
    type Error = Unfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(flag),
            Value::Number(number) => match number.as_u64() {
                Some(number) => visitor.visit_u64(number),
                None => visitor.visit_i64(number.as_i64().ok_or(Unfit)?),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => {
                visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Node)))
            }
            Value::Object(fields) => visitor.visit_map(of_fields(fields)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        match self.0 {
            Value::String(variant) => visitor.visit_enum(variant.into_deserializer()),
            Value::Object(fields) => {
                visitor.visit_enum(MapAccessDeserializer::new(of_fields(fields)))
            }
            _ => Err(Unfit),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier
    }
}

fn of_fields<'de>(
    fields: Map<String, Value>,
) -> MapDeserializer<'de, impl Iterator<Item = (String, Node)>, Unfit> {
    MapDeserializer::new(fields.into_iter().map(|(name, value)| (name, Node(value))))
}

impl<'de> IntoDeserializer<'de, Unfit> for Node {
    type Deserializer = Node;

    fn into_deserializer(self) -> Node {
        self
    }
}
