//! A token of a provider stands in the file. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, SecretsSubject};
use crate::secrets::Certainty;
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "SEC001",
    name: "token-of-a-provider",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("sec001.md"),
    check: Check::Secrets(look),
};

fn look(subject: &SecretsSubject<'_>, sheet: &mut Sheet<'_>) {
    for (hit, place) in subject.of(Certainty::Format) {
        let message = format!("{}: {}", hit.what, hit.masked);
        let fix = "revoke it at the provider, then give it to the program at run time; deleting the line leaves it in history";
        let mut entry = sheet.add(*place, message, fix);
        if subject.file.in_tests {
            entry.severity(Severity::Warning);
        }
    }
}
