//! `PRESET`: rules for a framework or a server, which come after the site's own.
//!
//! Each stands beside this file twice: as TOML, with the reason of each rule, and as the JSON that is
//! built into the Worker. `npm run rules -- json FILE` makes the one of the other.

/// The presets: their names, and their rules as JSON.
pub const PRESETS: [(&str, &str); 5] = [
    ("django", include_str!("django.json")),
    ("drupal", include_str!("drupal.json")),
    ("static", include_str!("static.json")),
    ("wagtail", include_str!("wagtail.json")),
    ("wordpress", include_str!("wordpress.json")),
];

/// Returns the rules of a preset; fails with the names that there are.
pub fn rules_of(name: &str) -> Result<&'static str, String> {
    if let Some((_, rules)) = PRESETS.iter().find(|(known, _)| *known == name.trim()) {
        return Ok(rules);
    }
    let names: Vec<&str> = PRESETS.iter().map(|(known, _)| *known).collect();
    Err(format!("is none of {}", names.join(", ")))
}
