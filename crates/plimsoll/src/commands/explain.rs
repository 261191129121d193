//! `plimsoll explain`: what a check is about.

use plimsoll_model::ExitCode;
use plimsoll_model::finding::RuleSheet;
use plimsoll_rules::{reference, registry};

use super::check::unknown_rule;
use crate::cli::Explain;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) fn run(output: Output, arguments: &Explain) -> Result<ExitCode, Failure> {
    let rules = registry::find(&arguments.rule);
    if rules.is_empty() {
        return Err(unknown_rule(&arguments.rule));
    }
    let sheets: Vec<RuleSheet> = rules.iter().map(|rule| registry::sheet(rule)).collect();
    let sections: Vec<String> = rules.iter().map(|rule| reference::section(rule)).collect();
    output.print(&serde_json::json!({ "rules": sheets }), |_| sections.join("\n"))?;
    Ok(ExitCode::Success)
}
