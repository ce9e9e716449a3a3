//! Mutant schemata: writes a copy of the source in which every mutant stands behind a switch. So all
//! mutants are built at once, and a variable of the environment turns one of them on.
//!
//! `npm run mutants` calls it as `schemata SOURCE COPY MAP DROPPED`:
//!
//! | argument | content |
//! |---|---|
//! | SOURCE | the folder of the Rust files; it is read |
//! | COPY | a folder with all other files; the changed Rust files are written to it |
//! | MAP | the id, name and place of each mutant, as JSON; it is written |
//! | DROPPED | the keys of mutants that do not compile, as a JSON list; it is read |
//!
//! The id of a mutant is the same in every run over one source.

mod find;
mod render;
mod values;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde_json::{Value, json};

use find::{Change, Site};

/// What only the end-to-end tests run, and the crate's root, which has no code of its own.
const NOT: [&str; 2] = ["workers/", "lib.rs"];
const SWITCH: &str = include_str!("switch.rs.txt");

/// What MAP holds. The regions say which mutants an error of the compiler takes out.
#[derive(Default)]
struct Map {
    mutants: Vec<Value>,
    regions: Vec<Value>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<PathBuf> = env::args().skip(1).map(PathBuf::from).collect();
    let [source, copy, map, dropped] = &args[..] else {
        return Err("schemata SOURCE COPY MAP DROPPED".into());
    };
    let dropped: BTreeSet<String> = serde_json::from_str(&fs::read_to_string(dropped)?)?;
    let known = write_copy(source, copy, &dropped)?;
    fs::write(map, json!({ "mutants": known.mutants, "regions": known.regions }).to_string())?;
    Ok(())
}

fn write_copy(source: &Path, copy: &Path, dropped: &BTreeSet<String>) -> io::Result<Map> {
    let mut map = Map::default();
    let mut next = 1;
    for name in rust_files(source)? {
        let text = fs::read_to_string(source.join(&name))?;
        let mut sites = find::sites(&text, &mut next).map_err(|error| unreadable(&name, &error))?;
        for site in &mut sites {
            site.changes.retain(|change| !dropped.contains(&key(&name, change)));
        }
        let (changed, regions) = render::render(&text, &sites);
        write(&copy.join(&name), &changed)?;
        map.regions.extend(regions.iter().map(|region| region.told(&name)));
        map.mutants.extend(sites.iter().flat_map(|site| mutants(site, &text, &name)));
    }
    let root = fs::read_to_string(source.join("lib.rs"))?;
    write(&copy.join("lib.rs"), &format!("{root}\npub mod mutant;\n"))?;
    write(&copy.join("mutant.rs"), &SWITCH.replace("COUNT", &next.to_string()))?;
    Ok(map)
}

/// Leaves a file that is the same as it is, so that cargo does not build it again.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    fs::write(path, text)
}

fn unreadable(name: &str, error: &syn::Error) -> io::Error {
    let at = error.span().start();
    io::Error::other(format!("src/{name}:{}:{}: {error}", at.line, at.column))
}

/// The paths of the files that have mutants, below `source`, with `/` on every system.
fn rust_files(source: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    walk(source, "", &mut found)?;
    found.retain(|name| name.ends_with(".rs") && !NOT.iter().any(|not| name.starts_with(not)));
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.file_type()?.is_dir() {
            true => walk(&entry.path(), &format!("{name}/"), found)?,
            false => found.push(name),
        }
    }
    Ok(())
}

fn mutants(site: &Site, text: &str, name: &str) -> Vec<Value> {
    let line = text[..site.at].matches('\n').count() + 1;
    let told = |change: &Change| {
        let key = key(name, change);
        json!({ "id": change.id, "key": key, "file": format!("src/{name}"), "line": line, "name": change.name })
    };
    site.changes.iter().map(told).collect()
}

fn key(name: &str, change: &Change) -> String {
    format!("src/{name} {}", change.name)
}
