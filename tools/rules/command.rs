//! The two commands, and what they print.

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use edge_isr::rules::Rules;

use crate::explain;
use crate::sources::{self, Sources};
use crate::warnings;

/// What a wrong command line is told.
pub const USAGE: &str = "\
npm run rules -- check [--config wrangler.toml] [--env NAME]
    says what is wrong with the rules of wrangler.toml, or of rules.toml beside it

npm run rules -- explain METHOD URL [-H 'Name: value'] … [--status 200] [-R 'Name: value'] …
    says what the rules mean for a request (-H is one of its header fields) and for a response to it
    (-R is one of its header fields); takes --config and --env, too";

/// Runs the command that was given.
pub fn main() -> ExitCode {
    let given = env::args_os().skip(1).map(OsString::into_string).collect::<Result<Vec<_>, _>>();
    let unreadable = |text: OsString| format!("{} is not UTF-8", text.display());
    match given.map_err(unreadable).and_then(|given| run(&given)) {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(said) => {
            eprintln!("{said}");
            ExitCode::FAILURE
        }
    }
}

fn run(given: &[String]) -> Result<String, String> {
    match given.split_first() {
        Some((name, rest)) if name == "check" => check(rest),
        Some((name, rest)) if name == "explain" => explain::explain(rest),
        // For `npm run build`: the list of a rules.toml as the Worker reads it.
        Some((name, [file])) if name == "json" => sources::list_of_file(file.as_ref()),
        _ => Err(USAGE.to_owned()),
    }
}

fn check(given: &[String]) -> Result<String, String> {
    let sources = Sources::read(&sources::options(given)?)?;
    let rules = sources.rules()?;
    let file = sources.list.as_ref().map_or(&sources.config, |list| &list.file);
    if rules.list().is_empty() {
        return Ok(format!("edge-isr: there are no rules in {file}."));
    }
    let mut lines: Vec<String> = warnings::warnings(&rules);
    if !sources.has_build {
        lines.append(&mut warnings::of_builds(&rules));
    }
    if let Some(preset) = sources.preset {
        let of_preset = Rules::parse(preset).map_or(0, |preset| preset.list().len());
        let own = rules.list().len() - of_preset;
        lines.append(&mut warnings::before_preset(&rules, own));
    }
    lines.iter_mut().for_each(|line| *line = format!("{file}: {line}"));
    let of_preset = if sources.preset.is_some() { " and its preset" } else { "" };
    lines.push(match rules.list().len() {
        1 => format!("edge-isr: 1 rule in {file}{of_preset}, no fault."),
        number => format!("edge-isr: {number} rules in {file}{of_preset}, no fault."),
    });
    Ok(lines.join("\n"))
}
