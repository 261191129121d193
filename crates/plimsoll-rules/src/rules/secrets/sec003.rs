//! An address has its password in it. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, SecretsSubject};
use crate::secrets::Certainty;
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "SEC003",
    name: "password-in-address",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("sec003.md"),
    check: Check::Secrets(look),
};

fn look(subject: &SecretsSubject<'_>, sheet: &mut Sheet<'_>) {
    for (hit, place) in subject.of(Certainty::Address).filter(|_| !subject.file.in_tests) {
        let message = format!("an address with its password: {}", hit.masked);
        sheet.add(
            *place,
            message,
            "take the password out of the address and hand it over as a secret, at run time",
        );
    }
}
