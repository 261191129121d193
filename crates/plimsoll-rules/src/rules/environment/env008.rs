//! A variable of the example is not set. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, VariablesSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "ENV008",
    name: "variable-of-the-example-missing",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("env008.md"),
    check: Check::Environment(look),
};

fn look(subject: &VariablesSubject<'_>, sheet: &mut Sheet<'_>) {
    let source = &subject.file.source;
    if source.path.rsplit('/').next() != Some(".env") {
        return;
    }
    let names = [".env.example", ".env.sample", ".env.template", ".env.dist"];
    let Some((example, text)) = names.iter().find_map(|name| Some((*name, subject.around.text(name)?)))
    else {
        return;
    };
    let wanted = crate::environment::parse(crate::Source::new(example, &*text));
    let is_set = |name: &str| subject.file.variables.iter().any(|variable| variable.name == name);
    let missing: Vec<_> =
        wanted.variables.iter().map(|variable| variable.name.as_str()).filter(|name| !is_set(name)).collect();
    if !missing.is_empty() {
        let place = source.whole_lines(1, 1);
        sheet
            .add(
                place,
                format!("{example} has {}, which are not set here", missing.join(", ")),
                "set them, or take them out of the example",
            )
            .hide_values();
    }
}
