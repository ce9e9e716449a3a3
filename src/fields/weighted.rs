//! Lists whose members have weights, such as `Accept-Language` (RFC 9110 §12.4.2).

use crate::fields::cache_control::list;
use crate::fields::sorting::sorted_by_text;

/// Returns the one of the languages `known` that an `Accept-Language` prefers (RFC 4647 §3.4).
///
/// A range that names none of them is tried without its last subtags. `de` also stands for `de-CH`,
/// if that is the only kind of German among them.
pub fn preferred<'k>(accept_language: &str, known: &'k [String]) -> Option<&'k str> {
    let mut ranges = weighted(accept_language);
    ranges.retain(|(_, weight)| *weight > 0);
    let by_weight = |range: &(String, u32)| format!("{:04}", 1000 - range.1);
    sorted_by_text(ranges, by_weight).iter().find_map(|(range, _)| looked_up(range, known))
}

fn looked_up<'k>(range: &str, known: &'k [String]) -> Option<&'k str> {
    let mut shorter = range;
    loop {
        if let Some(found) = known.iter().find(|tag| tag.eq_ignore_ascii_case(shorter)) {
            return Some(found);
        }
        let Some((start, _)) = shorter.rsplit_once('-') else { break };
        shorter = start;
    }
    let is_of_language = |tag: &&String| {
        let language = tag.split('-').next().unwrap_or_default();
        language.eq_ignore_ascii_case(shorter)
    };
    known.iter().find(is_of_language).map(String::as_str)
}

/// Returns the members of a list with their weights in thousandths (RFC 9110 §12.4.2).
pub fn weighted(value: &str) -> Vec<(String, u32)> {
    list(value)
        .map(|member| {
            let (name, weight) = member.split_once(';').unwrap_or((member, ""));
            let weight = weight.trim().to_ascii_lowercase();
            let thousandths = weight.strip_prefix("q=").and_then(thousandths).unwrap_or(1000);
            (name.trim().to_ascii_lowercase(), thousandths)
        })
        .collect()
}

/// Reads a weight such as `0`, `0.5` or `1.000`, with at most three digits after the point.
fn thousandths(weight: &str) -> Option<u32> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let whole: u32 = whole.parse().ok().filter(|whole| *whole <= 1)?;
    let digits = format!("{fraction:0<3}");
    let fraction: u32 = digits.parse().ok().filter(|_| digits.len() == 3)?;
    Some((whole * 1000 + fraction).min(1000))
}
