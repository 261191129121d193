//! A variable is set nowhere. The page beside this file says why.

use plimsoll_model::Severity;

use super::services;
use crate::dockerfile::references;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP010",
    name: "variable-nobody-sets",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("cmp010.md"),
    check: Check::Compose(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    // Without such a file the variables come from somewhere else.
    let Some(text) = subject.around.text(".env") else { return };
    let set = crate::environment::parse(crate::Source::new(".env", &*text));
    let is_set = |name: &str| set.variables.iter().any(|variable| variable.name == name);
    let mut told = std::collections::BTreeSet::new();
    for (text, place) in services::texts(subject.file) {
        let text = text.replace("$$", "");
        for reference in references(&text, '\\') {
            // `:-`, `:?` and the like say what happens without it.
            let is_handled = reference.text.contains([':', '-', '?', '+']);
            let is_own = reference.name.starts_with("COMPOSE_")
                || ["PWD", "HOME", "USER", "UID", "GID", "HOSTNAME"].contains(&reference.name);
            if is_handled || is_own || is_set(reference.name) || !told.insert(reference.name.to_owned()) {
                continue;
            }
            let fix = format!(
                "set it in .env, or write `${{{}:?}}`, so that Compose refuses to start without",
                reference.name
            );
            sheet
                .add(place, format!("`{}` is set neither in .env nor by default", reference.name), fix)
                .note("would be", "an empty text, with a warning that scrolls away");
        }
    }
}
