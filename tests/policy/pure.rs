//! `src/policy` names no runtime, no async and no clock.

use std::fs;
use std::path::Path;

fn offences(directory: &Path) -> Vec<String> {
    let forbidden = ["worker::", "async ", ".await", "::now(", "js_sys", "web_sys", "wasm_bindgen"];
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(offences(&path));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let code = line.trim_start();
            if !code.starts_with("//") && forbidden.iter().any(|word| code.contains(word)) {
                found.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    found
}

#[test]
fn policy_is_pure() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(offences(&source.join("policy")), [""; 0]);
    assert!(!offences(&source.join("workers")).is_empty(), "the check can fail");
}

#[test]
fn only_the_workers_directory_and_the_entry_name_the_runtime() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for directory in [source.clone(), source.join("admin")] {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "rs")
                || path.ends_with("lib.rs")
            {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for word in ["worker::", "js_sys", "web_sys", "wasm_bindgen"] {
                assert!(!text.contains(word), "{} names {word}", path.display());
            }
        }
    }
}
