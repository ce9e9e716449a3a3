//! The command line of the rules (`tools/rules`), run on folders.
#![cfg(not(target_arch = "wasm32"))]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};

use rstest::rstest;

/// A folder of its own, which is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("edge-isr-rules-{}-{number}", process::id());
        let folder = Folder(std::env::temp_dir().join(name));
        fs::create_dir_all(&folder.0).unwrap();
        files.iter().for_each(|(name, text)| fs::write(folder.0.join(name), text).unwrap());
        folder
    }

    fn path(&self) -> &Path {
        &self.0
    }

    /// Runs the command here: what it said, or with which words it failed.
    fn run(&self, given: &[&str]) -> Result<String, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rules"));
        let ran = command.args(given).current_dir(self.path()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim_end().to_owned();
        if ran.status.success() { Ok(text(ran.stdout)) } else { Err(text(ran.stderr)) }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

const WRANGLER: &str = r#"
name = "x"
[vars]
ORIGIN = "https://origin.example"
HOSTS = ["www.example.com"]
[[vars.RULES]]
path = "/account/**"
cache = "bypass"
[[vars.RULES]]
path = "/blog/{slug}"
cache = "force"
ttl = 600
stale_while_revalidate = 60
tags = ["post:{slug}"]
key = { query = { except = "tracking" } }
[env.preview.vars]
ORIGIN = "https://origin.example"
RULES = '[{"cache":"forever"}]'
[env.bare]
"#;

const RULES: &str = "[[rules]]\npath = \"/**\"\ncache = \"forever\"\n";

#[rstest]
#[case::table(&[("wrangler.toml", WRANGLER)], &[], "edge-isr: 2 rules in wrangler.toml, no fault.")]
#[case::json(&[("wrangler.toml", WRANGLER)], &["--env", "preview"], "edge-isr: 1 rule in wrangler.toml, no fault.")]
#[case::none(&[("wrangler.toml", WRANGLER)], &["--env", "bare"], "edge-isr: there are no rules in wrangler.toml.")]
#[case::file(&[("wrangler.toml", ""), ("rules.toml", RULES)], &[], "edge-isr: 1 rule in rules.toml, no fault.")]
#[case::elsewhere(&[("other.toml", WRANGLER)], &["--config", "other.toml"], "edge-isr: 2 rules in other.toml, no fault.")]
#[case::of_json(
    &[("wrangler.json", r#"{"vars":{"RULES":[{"cache":"forever"}]}}"#)],
    &["--config", "wrangler.json"],
    "edge-isr: 1 rule in wrangler.json, no fault."
)]
#[case::warning(
    &[("wrangler.toml", ""), ("rules.toml", "[[rules]]\nstrip_set_cookies = [\"theme\", \"CSRFtoken\", \"my_sess*\"]")],
    &[],
    "rules.toml: rule 1: strip_set_cookies names CSRFtoken, which looks like a cookie of a login or of a form. If a page depends on it, all visitors get the page of one\n\
     rules.toml: rule 1: strip_set_cookies names my_sess*, which looks like a cookie of a login or of a form. If a page depends on it, all visitors get the page of one\n\
     edge-isr: 1 rule in rules.toml, no fault."
)]
fn check_says_that_rules_have_no_fault(
    #[case] files: &[(&str, &str)],
    #[case] options: &[&str],
    #[case] said: &str,
) {
    assert_eq!(Folder::with(files).run(&[&["check"], options].concat()), Ok(said.to_owned()));
}

#[rstest]
#[case::comment(&[("wrangler.jsonc", "// a\n{}")], &["--config", "wrangler.jsonc"], "wrangler.jsonc: expected value at line 1 column 1 (comments are not read here)")]
#[case::missing(&[], &[], "wrangler.toml: ")]
#[case::syntax(&[("wrangler.toml", "[vars\n")], &[], "wrangler.toml: TOML parse error at line 1, column 6")]
#[case::both(&[("wrangler.toml", WRANGLER), ("rules.toml", RULES)], &[], "wrangler.toml: rules stand here and in rules.toml")]
#[case::not_json(&[("wrangler.toml", "vars.RULES = '['")], &[], "wrangler.toml: the list of rules cannot be read as JSON")]
#[case::all_faults(
    &[("wrangler.toml", ""), ("rules.toml", "[[rules]]\nttl = -1\n[[rules]]\ncache = \"x\"")],
    &[],
    "rules.toml: rule 1: ttl is not a whole number of seconds from 0 to 31536000\nrules.toml: rule 2: cache is none of"
)]
#[case::other_table(&[("wrangler.toml", ""), ("rules.toml", "[rule]\nttl = 1")], &[], "rules.toml: rule is no rule: write [[rules]]")]
#[case::environment(&[("wrangler.toml", WRANGLER)], &["--env", "live"], "wrangler.toml: there is no [env.live]")]
#[case::option(&[("wrangler.toml", WRANGLER)], &["--all", "1"], "there is no option --all")]
#[case::value(&[("wrangler.toml", WRANGLER)], &["--env"], "--env needs a value")]
fn check_says_what_is_wrong_and_where(
    #[case] files: &[(&str, &str)],
    #[case] options: &[&str],
    #[case] beginning: &str,
) {
    let said = Folder::with(files).run(&[&["check"], options].concat()).unwrap_err();
    assert!(said.starts_with(beginning), "{said}");
}

const POST: &str = "https://www.example.com/blog/salt?utm_source=x&b=1";

#[rstest]
#[case::bypass(&["GET", "https://www.example.com//account/me"], &["rule 1 holds:", "decision: bypass, detail=rule, by rule 1"])]
#[case::login(&["GET", POST, "-H", "Cookie: sessionid=1"], &["decision: bypass, detail=login-cookie"])]
#[case::post(&["POST", POST], &["decision: bypass, detail=method"])]
#[case::forced(&["GET", POST], &[
    "rule 2 holds:",
    "key: https://www.example.com/blog/salt?b=1",
    "tags of rules: post:salt",
    "decision: stored, fresh for 600 s, then shown stale for 60 s while it is revalidated; browsers are told max-age=0",
])]
#[case::stated(&["GET", POST, "-R", "Cache-Control: max-age=5, must-revalidate"], &["fresh for 5 s, never shown stale"])]
#[case::refused(&["GET", POST, "-R", "Set-Cookie: a=1"], &["decision: a 200 OK is not stored, detail=set-cookie"])]
#[case::status(&["GET", POST, "--status", "404"], &["decision: a 404 Not Found is not stored, detail=no-lifetime"])]
#[case::none(&["GET", "https://www.example.com/"], &["no rule holds", "is not stored, detail=no-lifetime"])]
#[case::host(&["GET", "https://example.org/"], &["decision: a 421, because HOSTS does not list example.org"])]
#[case::control(&["GET", "https://www.example.com/edge-isr/status"], &["decision: the edge answers by itself"])]
#[case::script(&["GET", POST, "-H", "Origin: https://a.test"], &["salt?b=1, for scripts of https://a.test\n"])]
#[case::own_script(&["GET", POST, "-H", "Origin: https://www.example.com"], &["salt?b=1\n"])]
#[case::tag(&["GET", "https://www.example.com/blog/Salt"], &["tags of rules: post:salt\n"])]
#[case::environment(&["GET", POST, "--env", "preview"], &["rule 1 holds: cache = \"forever\"", "stored, fresh for 31536000 s"])]
fn explain_says_what_the_rules_mean(#[case] given: &[&str], #[case] parts: &[&str]) {
    let folder = Folder::with(&[("wrangler.toml", WRANGLER)]);
    let said = folder.run(&[&["explain"], given].concat()).unwrap();
    for part in parts {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[rstest]
#[case(&["explain", "GET"], "npm run rules -- check")]
#[case(&["explain", "G T", POST], "G T is no method")]
#[case(&["explain", "GET", "blog"], "blog: a URL begins with http:// or https:// and a host")]
#[case(&["explain", "GET", POST, "-H", "Cookie"], "\"Cookie\" is not of the form Name: value")]
#[case(&["explain", "GET", POST, "--status", "9"], "9 is no status")]
#[case(&["explain", "GET", POST, "-H"], "-H needs a value")]
#[case(&["chek"], "npm run rules -- check")]
fn a_wrong_command_line_is_told_so(#[case] given: &[&str], #[case] beginning: &str) {
    let said = Folder::with(&[("wrangler.toml", WRANGLER)]).run(given).unwrap_err();
    assert!(said.starts_with(beginning), "{said}");
}

#[test]
fn explain_says_of_a_tag_why_it_is_dropped() {
    let folder = Folder::with(&[("wrangler.toml", WRANGLER)]);
    let url = format!("https://www.example.com/blog/{}", "a".repeat(1_100));
    let said = folder.run(&["explain", "GET", &url]).unwrap();
    assert!(said.contains("(dropped: a tag is at most 1024 characters long)"), "{said}");
}

#[test]
fn explain_names_a_bypass_that_an_earlier_rule_keeps_from_counting() {
    let rules = "[[rules]]\npath = \"/a\"\ncache = \"forever\"\n[[rules]]\npath = \"/*\"\ncache = \"bypass\"\n";
    let origin = "[vars]\nORIGIN = \"https://origin.example\"\n";
    let folder = Folder::with(&[("wrangler.toml", origin), ("rules.toml", rules)]);
    let said = folder.run(&["explain", "GET", "https://www.example.com/a"]).unwrap();
    assert!(said.contains("\nrule 2 does not count: a rule before it says cache"), "{said}");
    assert!(said.contains("decision: stored"), "{said}");
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_no_text_is_told_so() {
    use std::os::unix::ffi::OsStrExt;
    let mut command = Command::new(env!("CARGO_BIN_EXE_rules"));
    let given = ["explain", "GET", POST, "-H"].map(OsStr::new);
    let ran = command.args(given).arg(OsStr::from_bytes(b"a: \xff")).output().unwrap();
    assert_eq!(String::from_utf8(ran.stderr), Ok("a: \u{fffd} is not UTF-8\n".to_owned()));
}

#[test]
fn a_setting_that_is_wrong_is_named_by_explain() {
    let folder = Folder::with(&[("wrangler.toml", "vars.SKEW = 0")]);
    let said = folder.run(&["explain", "GET", POST]).unwrap_err();
    assert_eq!(said, "wrangler.toml: the setting SKEW is not a whole number from 1 to 600");
}

#[test]
fn each_preset_is_built_in_as_its_file_says() {
    let folder = Folder::with(&[]);
    let presets = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules/presets");
    for (name, json) in edge_isr::rules::presets::PRESETS {
        let file = presets.join(name).with_extension("toml");
        assert_eq!(folder.run(&["json", file.to_str().unwrap()]), Ok(json.trim_end().to_owned()));
    }
}

#[test]
fn a_preset_is_checked_with_the_rules_before_it() {
    let preset = "[vars]\nPRESET = \"wordpress\"\nORIGIN = \"https://origin.example\"\n";
    let folder = Folder::with(&[("wrangler.toml", preset)]);
    assert_eq!(
        folder.run(&["check"]),
        Ok("edge-isr: 7 rules in wrangler.toml and its preset, no fault.".to_owned())
    );
    let said = folder.run(&["explain", "GET", "https://www.example.com/cart/"]).unwrap();
    assert!(said.starts_with("rule 4 of the preset holds: cache = \"bypass\""), "{said}");
    let own = format!("{preset}[[vars.RULES]]\ncache = \"forever\"\n");
    let folder = Folder::with(&[("wrangler.toml", &own)]);
    let said = folder.run(&["check"]).unwrap_err();
    assert!(
        said.starts_with(
            "wrangler.toml: rule 1 of the preset: cache is \"bypass\" and never counts"
        )
    );
    let part = format!("{preset}[[vars.RULES]]\npath = \"/a\"\ncache = \"forever\"\n");
    let said = Folder::with(&[("wrangler.toml", &part)]).run(&["check"]).unwrap();
    assert!(said.contains("rule 1 says cache, so no bypass of the preset holds"), "{said}");
    let folder = Folder::with(&[("wrangler.toml", &preset.replace("wordpress", "joomla"))]);
    let names = "django, drupal, static, wagtail, wordpress";
    assert_eq!(folder.run(&["check"]), Err(format!("wrangler.toml: PRESET is none of {names}")));
}

#[test]
fn a_rule_that_counts_builds_is_warned_of_where_nothing_names_the_build() {
    let rules = "[[vars.RULES]]\ncache = \"forever\"\nversioned = \"soft\"\n";
    for (more, warns) in [
        ("", true),
        ("[vars]\nBUILD_ID = \"7\"\n", false),
        ("[version_metadata]\nbinding = \"BUILD_ID\"\n", false),
    ] {
        let folder = Folder::with(&[("wrangler.toml", &format!("{more}{rules}"))]);
        let said = folder.run(&["check"]).unwrap();
        assert_eq!(
            said.contains("rule 1: versioned counts where BUILD_ID is set"),
            warns,
            "{said}"
        );
    }
}

#[test]
fn the_list_of_a_file_is_built_in_as_json() {
    let folder = Folder::with(&[("rules.toml", RULES), ("wrong.toml", "[[rules]]\nttl = -1")]);
    let list = r#"[{"cache":"forever","path":"/**"}]"#;
    assert_eq!(folder.run(&["json", "rules.toml"]), Ok(list.to_owned()));
    assert!(
        folder.run(&["json", "wrong.toml"]).unwrap_err().starts_with("wrong.toml: rule 1: ttl")
    );
}
