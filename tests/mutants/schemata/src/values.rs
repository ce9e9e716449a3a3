//! What a function may return instead: simple values of its type, as code.

use syn::{GenericArgument, PathArguments, PathSegment, ReturnType, Type};

/// At most as many for one function.
const MOST: usize = 6;
const ANY: &str = "::std::default::Default::default()";

/// Values of the type that a function returns. Not every one compiles.
pub fn values(output: &ReturnType) -> Vec<String> {
    match output {
        ReturnType::Default => vec!["()".to_owned()],
        ReturnType::Type(_, of) => values_of(of).into_iter().take(MOST).collect(),
    }
}

fn values_of(of: &Type) -> Vec<String> {
    match of {
        Type::Never(_) | Type::ImplTrait(_) => Vec::new(),
        Type::Paren(inner) => values_of(&inner.elem),
        Type::Tuple(tuple) => tuples(tuple.elems.iter()),
        Type::Array(array) => each(&array.elem, |value| format!("[{value}; _]")),
        Type::Reference(reference) => references(&reference.elem),
        Type::Path(path) => path.path.segments.last().map(named).unwrap_or_default(),
        _ => texts(&[ANY]),
    }
}

fn named(last: &PathSegment) -> Vec<String> {
    let name = last.ident.to_string();
    let inner = arguments(last);
    match (name.as_str(), &inner[..]) {
        ("bool", _) => texts(&["true", "false"]),
        ("u8" | "u16" | "u32" | "u64" | "u128" | "usize", _) => texts(&["0", "1"]),
        ("i8" | "i16" | "i32" | "i64" | "i128" | "isize", _) => texts(&["0", "1", "-1"]),
        ("f32" | "f64", _) => texts(&["0.0", "1.0", "-1.0"]),
        ("String" | "Cow", _) => texts(&["\"\".into()", "\"xyzzy\".into()"]),
        ("Option", [of]) => with(&["None"], each(of, |value| format!("Some({value})"))),
        ("Result", [of, ..]) => each(of, |value| format!("Ok({value})")),
        ("Result", []) => vec![format!("Ok({ANY})")],
        ("Vec", [of]) => with(&["vec![]"], each(of, |value| format!("vec![{value}]"))),
        ("Box" | "Rc" | "Arc" | "Cell" | "RefCell", [of]) => {
            each(of, |value| format!("{name}::new({value})"))
        }
        ("BTreeSet" | "HashSet" | "VecDeque", [of]) => {
            with(&[ANY], each(of, |value| format!("[{value}].into()")))
        }
        ("BTreeMap" | "HashMap", [_, _]) => with(
            &[ANY],
            tuples(inner.iter().copied())
                .into_iter()
                .map(|pair| format!("[{pair}].into()"))
                .collect(),
        ),
        _ => texts(&[ANY]),
    }
}

fn arguments(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(given) = &segment.arguments else { return Vec::new() };
    let types = given.args.iter().map(|arg| match arg {
        GenericArgument::Type(of) => Some(of),
        _ => None,
    });
    types.flatten().collect()
}

fn references(of: &Type) -> Vec<String> {
    match of {
        Type::Path(path) if path.path.is_ident("str") => texts(&["\"\"", "\"xyzzy\""]),
        Type::Slice(slice) => with(
            &["::std::vec::Vec::leak(vec![])"],
            each(&slice.elem, |value| format!("::std::vec::Vec::leak(vec![{value}])")),
        ),
        _ => each(of, |value| format!("::std::boxed::Box::leak(::std::boxed::Box::new({value}))")),
    }
}

fn tuples<'a>(of: impl Iterator<Item = &'a Type>) -> Vec<String> {
    let mut found = vec![String::new()];
    for part in of {
        let values = values_of(part);
        let joined = |start: &String| {
            values.iter().map(|value| format!("{start}{value}, ")).collect::<Vec<_>>()
        };
        found = found.iter().flat_map(joined).take(MOST).collect();
    }
    found.into_iter().map(|inner| format!("({inner})")).collect()
}

fn each(of: &Type, write: impl Fn(String) -> String) -> Vec<String> {
    values_of(of).into_iter().map(write).collect()
}

fn with(first: &[&str], rest: Vec<String>) -> Vec<String> {
    [texts(first), rest].concat()
}

fn texts(of: &[&str]) -> Vec<String> {
    of.iter().map(|text| (*text).to_owned()).collect()
}
