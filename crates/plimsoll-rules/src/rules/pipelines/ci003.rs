//! A secret is printed into the log. The page beside this file says why.

use plimsoll_model::Severity;

use super::jobs;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CI003",
    name: "secret-printed",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("ci003.md"),
    check: Check::Workflow(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for script in jobs::steps(subject.file).into_iter().filter_map(|step| step.get("run")) {
        for line in script.text().unwrap_or_default().lines().map(str::trim) {
            let prints =
                line.starts_with("echo ") || line.starts_with("printf ") || line.starts_with("cat <<");
            let goes_elsewhere = line.contains(['|', '>']) || line.starts_with("cat");
            if prints && !goes_elsewhere && line.contains("${{ secrets.") {
                sheet.add(script.place, "a secret is printed into the log", "do not print it; the mask of GitHub knows only the value as it is, not a part or another form of it");
            }
        }
    }
}
