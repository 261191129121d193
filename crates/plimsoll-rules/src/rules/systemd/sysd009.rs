//! A secret in a unit. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, UnitSubject};
use crate::secrets::names::{is_secret, is_value};
use crate::sheet::Sheet;
use crate::systemd::value::has_specifier;
use crate::systemd::words::{Backslash, split};

pub(super) const RULE: Rule = Rule {
    id: "SYSD009",
    name: "secret-in-unit",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("sysd009.md"),
    check: Check::Unit(look),
};

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    for assignment in
        subject.file.file.assignments.iter().filter(|assignment| assignment.key == "Environment")
    {
        let words = split(&assignment.value, Backslash::Relaxed).unwrap_or_default();
        let pairs = words.iter().filter_map(|word| word.split_once('='));
        for (name, _) in
            pairs.filter(|(name, value)| is_secret(name) && is_value(value) && !has_specifier(value))
        {
            let message = format!("`{name}` is a secret that every account of the host can read");
            let fix =
                "use `LoadCredential=NAME:/path`, or `EnvironmentFile=` with a file that only root reads";
            sheet.add(assignment.place, message, fix).hide_values().note("seen by", "systemctl show");
        }
    }
    for assignment in
        subject.file.file.assignments.iter().filter(|assignment| assignment.key == "SetCredential")
    {
        let name = assignment.value.split(':').next().unwrap_or_default();
        let message =
            format!("the credential `{name}` stands in the unit, which every account of the host can read");
        sheet
            .add(assignment.place, message, "use `LoadCredential=`, or `SetCredentialEncrypted=`")
            .hide_values();
    }
}
