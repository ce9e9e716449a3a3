//! What is pure names no runtime, no async and no clock; the runtime is named in `workers` alone.

use std::fs;
use std::path::{Path, PathBuf};

const RUNTIME: [&str; 4] = ["worker::", "js_sys", "web_sys", "wasm_bindgen"];
const IMPURE: [&str; 3] = ["async ", ".await", "::now("];
/// Folders of which every file is pure. Elsewhere a file says so in its first line.
const PURE: [&str; 5] = ["config", "fields", "json", "policy", "rules"];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every file below `src`, with its path from there.
fn files() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let (root, mut found) = (source(), Vec::new());
    walk(&root, &mut found);
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
    found.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// The lines of code that hold one of the words.
fn offences(name: &str, text: &str, words: &[&str]) -> Vec<String> {
    let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.filter(|(_, line)| words.iter().any(|word| line.contains(word)))
        .map(|(number, line)| format!("{name}:{}: {line}", number + 1))
        .collect()
}

fn is_pure(name: &str, text: &str) -> bool {
    let folder = name.split('/').next().unwrap();
    PURE.contains(&folder) || text.starts_with("//! Pure.")
}

#[test]
fn what_is_pure_names_no_runtime_no_async_and_no_clock() {
    let files = files();
    let pure: Vec<_> = files.iter().filter(|(name, text)| is_pure(name, text)).collect();
    assert!(pure.len() > 30, "only {} files are pure", pure.len());
    let words = [&RUNTIME[..], &IMPURE[..]].concat();
    let found: Vec<String> =
        pure.iter().flat_map(|(name, text)| offences(name, text, &words)).collect();
    assert_eq!(found, [""; 0]);
}

#[test]
fn only_the_workers_folder_and_the_entry_name_the_runtime() {
    let may = |name: &str| name == "lib.rs" || name.starts_with("workers/");
    let offences_of = |(name, text): &(String, String)| offences(name, text, &RUNTIME);
    let files = files();
    let others = files.iter().filter(|(name, _)| !may(name));
    assert_eq!(others.flat_map(offences_of).collect::<Vec<_>>(), [""; 0]);
    let workers = files.iter().filter(|(name, _)| name.starts_with("workers/"));
    assert!(workers.flat_map(offences_of).next().is_some(), "the check can fail");
}
