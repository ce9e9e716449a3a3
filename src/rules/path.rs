//! The ways in which an origin may read a path.
//!
//! The cache keeps every spelling apart (`policy::key`). An origin does not: nginx decodes, merges
//! slashes and resolves dots, Django decodes, IIS reads `\` as `/`, Tomcat drops `;…`. A rule that
//! must hold for every spelling of a page holds if any reading of the path matches.

use crate::policy::tag::normal;

/// Returns all readings of a path, each with and without a closing slash. The path is decoded once.
/// The time is linear in its length.
///
/// Compare each reading with a rule that no spelling may evade.
pub fn readings(path: &str) -> Vec<String> {
    let mut readings = readings_as_closed(path);
    for index in 0..readings.len() {
        let other = other_closing(&readings[index]);
        add(&mut readings, other);
    }
    readings
}

fn add(readings: &mut Vec<String>, reading: String) {
    if !readings.contains(&reading) {
        readings.push(reading);
    }
}

/// Returns all readings of a path that leave its closing slash as it is, or drop it with other empty
/// segments.
pub(super) fn readings_as_closed(path: &str) -> Vec<String> {
    let mut readings = vec![path.to_owned()];
    if is_spelt_oddly(path) {
        let (normal, decoded) = (normal(path), decoded(path));
        // Some origins drop parameters before they decode, and others after.
        let bare = without_parameters(&decoded);
        let decoded_bare = self::decoded(&without_parameters(path));
        for text in [&normal, &decoded, &bare, &decoded_bare] {
            add(&mut readings, resolved(segments(text)));
            let filled = segments(text).filter(|segment| !segment.is_empty());
            add(&mut readings, resolved(filled));
        }
        add(&mut readings, normal);
        add(&mut readings, decoded);
    }
    readings
}

/// Tells whether a reading of the path differs from it by more than a closing slash.
pub fn is_spelt_oddly(path: &str) -> bool {
    let path = path.as_bytes();
    path.iter().any(|byte| b"%;\\".contains(byte))
        || path.windows(2).any(|pair| matches!(pair, b"//" | b"/."))
}

/// Returns the path with a closing slash, or without the one that it has.
pub(super) fn other_closing(reading: &str) -> String {
    match reading.strip_suffix('/') {
        Some("") => reading.to_owned(),
        Some(open) => open.to_owned(),
        None => format!("{reading}/"),
    }
}

fn decoded(path: &str) -> String {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, next) = match (*first, tail) {
            (b'%', [high, low, tail @ ..]) => match hex::decode([*high, *low]).as_deref() {
                Ok([byte]) => (*byte, tail),
                _ => (b'%', &rest[1..]),
            },
            (byte, tail) => (byte, tail),
        };
        decoded.push(byte);
        rest = next;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Returns the segments of a path, between slashes or backslashes.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split(['/', '\\'])
}

/// Drops path parameters: `/a;b=c/d` becomes `/a/d` (RFC 3986 §3.3).
fn without_parameters(path: &str) -> String {
    let bare = segments(path).map(|segment| segment.split(';').next().unwrap_or(""));
    bare.fold(String::new(), |path, segment| path + "/" + segment)
}

/// Removes dot segments (RFC 3986 §5.2.4).
fn resolved<'a>(segments: impl Iterator<Item = &'a str>) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in segments {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}
