//! What may be wrong with rules, and may be meant.

use edge_isr::rules::Rules;
use edge_isr::rules::effects::Cache;

/// Parts of the names of cookies without which a form or a login does not work.
const TELLING: [&str; 5] = ["csrf", "xsrf", "sess", "token", "auth"];

/// Returns a warning for each of the first `own` rules that decides before the preset.
pub fn before_preset(rules: &Rules, own: usize) -> Vec<String> {
    let decides = |index: &usize| {
        rules.list()[*index].effects.cache.is_some_and(|cache| cache != Cache::Bypass)
    };
    let warning = |index: usize| {
        format!(
            "rule {} says cache, so no bypass of the preset holds where this rule does. Leave cache to the \
             preset if you can: ttl counts without it",
            index + 1
        )
    };
    (0..own).filter(decides).map(warning).collect()
}

/// Returns a warning for each rule that counts builds of the site, where nothing names the build.
pub fn of_builds(rules: &Rules) -> Vec<String> {
    let counts = |index: &usize| rules.list()[*index].effects.of_old_build.flatten().is_some();
    let warning = |index: usize| {
        format!(
            "rule {}: versioned counts where BUILD_ID is set: in [vars], by deploy --var, or as the binding of \
             [version_metadata]",
            index + 1
        )
    };
    (0..rules.list().len()).filter(counts).map(warning).collect()
}

/// Returns a warning for each rule that strips a cookie whose name tells of a login or of a form.
pub fn warnings(rules: &Rules) -> Vec<String> {
    let names = |index: usize| rules.list()[index].effects.strip_set_cookies.iter();
    let of_rule = |index: usize| {
        let names = names(index).flat_map(|names| names.written());
        names.filter(|name| is_telling(name)).map(move |name| warning(index + 1, &name))
    };
    (0..rules.list().len()).flat_map(of_rule).collect()
}

fn is_telling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TELLING.iter().any(|part| name.contains(part))
}

fn warning(rule: usize, name: &str) -> String {
    format!(
        "rule {rule}: strip_set_cookies names {name}, which looks like a cookie of a login or of a form. If a \
         page depends on it, all visitors get the page of one"
    )
}
