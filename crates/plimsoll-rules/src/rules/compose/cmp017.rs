//! A health check needs a program that its image does not have. The page beside this file says why.

use plimsoll_model::Severity;

use super::services;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP017",
    name: "health-check-without-its-program",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("cmp017.md"),
    check: Check::Compose(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for service in services::all(subject.file) {
        let Some(test) = service.node.at(&["healthcheck", "test"]) else { continue };
        let words = test.texts();
        let needs_shell = test.text().is_some() || words.first() == Some(&"CMD-SHELL");
        let program = words.get(1).copied().filter(|_| words.first() == Some(&"CMD"));
        let needs = if needs_shell {
            "/bin/sh"
        } else {
            program
                .filter(|program| ["curl", "wget", "nc", "sh", "bash"].contains(program))
                .unwrap_or_default()
        };
        let Some(file) =
            service.node.get("build").and_then(|build| services::built_from(build, subject.around))
        else {
            continue;
        };
        let Some(image) = crate::rules::dockerfile::shellless_base(&file).filter(|_| !needs.is_empty())
        else {
            continue;
        };
        let message =
            format!("the health check needs {needs}, which is not in the image of `{}`", service.key.text);
        sheet
            .add(
                test.place,
                message,
                "let the program check itself: `test: [\"CMD\", \"/app\", \"healthy\"]`",
            )
            .note("image", format!("{} begins with {image}", file.source.path));
    }
}
