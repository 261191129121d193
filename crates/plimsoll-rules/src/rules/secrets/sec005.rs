//! A password is one that everybody tries first. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, SecretsSubject};
use crate::secrets::Certainty;
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "SEC005",
    name: "password-that-everybody-tries",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("sec005.md"),
    check: Check::Secrets(look),
};

fn look(subject: &SecretsSubject<'_>, sheet: &mut Sheet<'_>) {
    for (hit, place) in subject.of(Certainty::Weak).filter(|_| !subject.file.in_tests) {
        let message = format!("the value of `{}` is one that everybody tries first", hit.what);
        sheet.add(*place, message, "make a random one for each environment, and hand it over at run time");
    }
}
