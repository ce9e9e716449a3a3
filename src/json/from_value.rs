//! Types that are read from a parsed value.
//!
//! serde can do the same. Its code for the edge's types took 25 kB of the gzipped Worker, three times as
//! much.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// A type that the edge reads from what it wrote: a row, an entry in KV, the metadata of a response.
pub trait FromValue: Sized {
    /// Reads a value. `None`: it does not fit the type.
    fn from_value(value: Value) -> Option<Self>;
}

/// The fields of an object. Fields that nobody takes are ignored: a later version may write them.
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Reads an object. `None`: the value is none.
    pub fn of(value: Value) -> Option<Fields> {
        match value {
            Value::Object(fields) => Some(Fields(fields)),
            _ => None,
        }
    }

    /// Takes a field that has to be there.
    pub fn take<T: FromValue>(&mut self, name: &str) -> Option<T> {
        T::from_value(self.value(name)?)
    }

    /// Takes a field, or the default if it is absent.
    pub fn take_or_default<T: FromValue + Default>(&mut self, name: &str) -> Option<T> {
        self.value(name).map_or_else(|| Some(T::default()), T::from_value)
    }

    fn value(&mut self, name: &str) -> Option<Value> {
        self.0.get_mut(name).map(Value::take)
    }
}

/// Implements [`FromValue`] for a struct. The fields after `or_default` may be absent.
macro_rules! from_object {
    ($type:ty, [$($field:ident),*], or_default: [$($absent:ident),*]) => {
        impl $crate::json::FromValue for $type {
            fn from_value(value: serde_json::Value) -> Option<Self> {
                let mut fields = $crate::json::Fields::of(value)?;
                Some(Self {
                    $($field: fields.take(stringify!($field))?,)*
                    $($absent: fields.take_or_default(stringify!($absent))?,)*
                })
            }
        }
    };
}
pub(crate) use from_object;

impl FromValue for Value {
    fn from_value(value: Value) -> Option<Value> {
        Some(value)
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Option<bool> {
        value.as_bool()
    }
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Option<i64> {
        value.as_i64()
    }
}

impl FromValue for u64 {
    fn from_value(value: Value) -> Option<u64> {
        value.as_u64()
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl FromValue for Cow<'static, str> {
    fn from_value(value: Value) -> Option<Cow<'static, str>> {
        String::from_value(value).map(Cow::Owned)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Option<Option<T>> {
        if value.is_null() { Some(None) } else { T::from_value(value).map(Some) }
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    fn from_value(value: Value) -> Option<Vec<T>> {
        let Value::Array(items) = value else { return None };
        items.into_iter().map(T::from_value).collect()
    }
}

impl<A: FromValue, B: FromValue> FromValue for (A, B) {
    fn from_value(value: Value) -> Option<(A, B)> {
        let pair: [Value; 2] = Vec::from_value(value)?.try_into().ok()?;
        let [first, second] = pair;
        Some((A::from_value(first)?, B::from_value(second)?))
    }
}
