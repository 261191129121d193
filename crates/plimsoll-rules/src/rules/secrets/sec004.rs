//! A value looks random behind the name of a secret. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, SecretsSubject};
use crate::secrets::Certainty;
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "SEC004",
    name: "random-value-of-a-secret",
    aliases: &[],
    severity: Severity::Info,
    on: true,
    page: include_str!("sec004.md"),
    check: Check::Secrets(look),
};

fn look(subject: &SecretsSubject<'_>, sheet: &mut Sheet<'_>) {
    for (hit, place) in subject.of(Certainty::Random).filter(|_| !subject.file.in_tests) {
        let message = format!("`{}` looks like a secret: {}", hit.what, hit.masked);
        sheet.add(*place, message, "where it is one, replace it and hand it over at run time; where it is none, allow this line and say why");
    }
}
