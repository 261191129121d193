//! An environment file with secrets is not left out of git. The page beside this file says why.

use plimsoll_model::Severity;

use crate::ignore;
use crate::rule::{Check, Rule, VariablesSubject};
use crate::secrets::{measure, names};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "ENV006",
    name: "secrets-not-left-out-of-git",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("env006.md"),
    check: Check::Environment(look),
};

fn look(subject: &VariablesSubject<'_>, sheet: &mut Sheet<'_>) {
    let name = subject.file.source.path.rsplit('/').next().unwrap_or_default();
    let is_example =
        ["example", "sample", "template", "dist", "defaults", "test"].iter().any(|word| name.contains(word));
    if is_example || ignore::leaves_out(subject.around, name) != Some(false) {
        return;
    }
    let is_secret = |variable: &&crate::environment::Variable| {
        names::is_secret(&variable.name)
            && names::is_value(variable.value())
            && !measure::is_stand_in(variable.value())
    };
    if let Some(variable) = subject.file.variables.iter().find(is_secret) {
        let message =
            format!("`{}` has a value here, and `.gitignore` does not leave {name} out", variable.name);
        sheet
            .add(
                variable.place,
                message,
                format!("add {name} to .gitignore, and a {name}.example without values"),
            )
            .hide_values();
    }
}
