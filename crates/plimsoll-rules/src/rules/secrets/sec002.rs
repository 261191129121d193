//! A private key stands in the file. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, SecretsSubject};
use crate::secrets::Certainty;
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "SEC002",
    name: "private-key",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("sec002.md"),
    check: Check::Secrets(look),
};

fn look(subject: &SecretsSubject<'_>, sheet: &mut Sheet<'_>) {
    for (certainty, what, severity) in [
        (Certainty::PrivateKey, "a private key that anybody can use who reads it", Severity::Error),
        (Certainty::EncryptedKey, "a private key that only its passphrase protects", Severity::Warning),
    ] {
        for (hit, place) in subject.of(certainty) {
            let fix = "make a new key, replace the old one wherever it is trusted, and keep the new one out of files that are shared";
            let mut entry = sheet.add(*place, format!("this is {what}: {}", hit.masked), fix);
            entry.severity(if subject.file.in_tests { Severity::Info } else { severity });
        }
    }
}
