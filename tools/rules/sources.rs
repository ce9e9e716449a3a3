//! The files that rules stand in: wrangler.toml, or rules.toml beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use edge_isr::rules::{Rules, presets};
use serde_json::Value;

/// What a command line says about the files.
pub struct Options {
    /// The path of wrangler.toml.
    pub config: PathBuf,
    /// The environment of wrangler whose variables count.
    pub environment: Option<String>,
}

/// The settings of a folder.
pub struct Sources {
    /// The path of wrangler.toml, as it was given.
    pub config: String,
    /// The variables of wrangler.toml, as the Worker reads them: without `RULES`.
    pub variables: BTreeMap<String, String>,
    /// The list of rules, if there is one.
    pub list: Option<List>,
    /// Whether something names the build of the site.
    pub has_build: bool,
    /// The rules of the preset as JSON, if there is one.
    pub preset: Option<&'static str>,
}

/// A list of rules, and the file it stands in.
pub struct List {
    /// The file, as messages name it.
    pub file: String,
    /// The list as JSON.
    pub json: String,
}

/// Reads `--config` and `--env`, and nothing else.
pub fn options(given: &[String]) -> Result<Options, String> {
    let mut options = Options { config: "wrangler.toml".into(), environment: None };
    let mut given = given.iter();
    while let Some(name) = given.next() {
        let value = given.next().ok_or_else(|| format!("{name} needs a value"))?;
        options.set(name, value)?;
    }
    Ok(options)
}

impl Options {
    /// Sets one option; fails if there is none of this name.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "--config" => self.config = value.into(),
            "--env" => self.environment = Some(value.to_owned()),
            _ => return Err(format!("there is no option {name}\n\n{}", crate::command::USAGE)),
        }
        Ok(())
    }
}

impl Sources {
    /// Reads the files; fails with what is wrong with them.
    pub fn read(options: &Options) -> Result<Sources, String> {
        let config = options.config.display().to_string();
        let wrangler = tables_of(&options.config)?;
        let of = match &options.environment {
            Some(name) => &wrangler["env"][name],
            None => &wrangler,
        };
        if of.is_null() {
            return Err(format!(
                "{config}: there is no [env.{}]",
                options.environment.as_deref().unwrap_or("")
            ));
        }
        let mut variables = BTreeMap::new();
        for (name, value) in of["vars"].as_object().into_iter().flatten() {
            variables.insert(name.clone(), text_of(value));
        }
        let in_variable = variables.remove("RULES").filter(|text| !text.trim().is_empty());
        let beside = options.config.with_file_name("rules.toml");
        let list = match (in_variable, beside.exists()) {
            (Some(_), true) => {
                return Err(format!(
                    "{config}: rules stand here and in {}: remove one of the two lists",
                    beside.display()
                ));
            }
            (Some(json), false) => Some(List { file: config.clone(), json }),
            (None, true) => {
                Some(List { file: beside.display().to_string(), json: tables_of_file(&beside)? })
            }
            (None, false) => None,
        };
        let preset = variables.get("PRESET").filter(|name| !name.trim().is_empty());
        let preset = preset.map(|name| presets::rules_of(name)).transpose();
        let preset = preset.map_err(|reason| format!("{config}: PRESET {reason}"))?;
        let has_build = variables.contains_key("BUILD_ID")
            || of["version_metadata"]["binding"].as_str() == Some("BUILD_ID");
        Ok(Sources { config, variables, list, has_build, preset })
    }

    /// Parses the rules and the preset; fails with a line for each fault.
    pub fn rules(&self) -> Result<Rules, String> {
        let (file, own) = match &self.list {
            Some(list) => (&list.file, &*list.json),
            None => (&self.config, "[]"),
        };
        Rules::parse_before(own, self.preset.unwrap_or("[]")).map_err(|faults| {
            let lines: Vec<String> =
                faults.iter().map(|fault| format!("{file}: {fault}")).collect();
            lines.join("\n")
        })
    }
}

/// Returns the list of a rules.toml as JSON; fails with its faults.
pub fn list_of_file(file: &Path) -> Result<String, String> {
    let name = file.display();
    let json = tables_of_file(file)?;
    let faults = Rules::parse(&json).err().unwrap_or_default();
    let lines: Vec<String> = faults.iter().map(|fault| format!("{name}: {fault}")).collect();
    if lines.is_empty() { Ok(json) } else { Err(lines.join("\n")) }
}

fn tables_of_file(file: &Path) -> Result<String, String> {
    let Value::Object(mut tables) = tables_of(file)? else { return Ok("[]".to_owned()) };
    let rules = tables.remove("rules").unwrap_or_default();
    match tables.keys().next() {
        Some(other) => {
            Err(format!("{}: {other} is no rule: write [[rules]] before each rule", file.display()))
        }
        None if rules.is_null() => Ok("[]".to_owned()),
        None => Ok(rules.to_string()),
    }
}

/// Reads a file of TOML, or a wrangler.json without comments.
fn tables_of(file: &Path) -> Result<Value, String> {
    let name = file.display();
    let text = fs::read_to_string(file).map_err(|cause| format!("{name}: {cause}"))?;
    if file.extension().is_some_and(|end| end == "json" || end == "jsonc") {
        return serde_json::from_str(&text)
            .map_err(|cause| format!("{name}: {cause} (comments are not read here)"));
    }
    toml::from_str(&text).map_err(|cause| format!("{name}: {}", cause.to_string().trim_end()))
}

/// A variable as the Worker reads it.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
