//! A secret is printed into the log of a job. The page beside this file says why.

use plimsoll_model::Severity;

use super::jobs;
use crate::dockerfile::references;
use crate::rule::{Check, Rule, TreeSubject};
use crate::secrets::names;
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CI022",
    name: "secret-printed-in-pipeline",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("ci022.md"),
    check: Check::GitlabCi(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for holder in jobs::gitlab(subject.file) {
        for group in ["script", "before_script", "after_script"] {
            let Some(script) = holder.get(group) else { continue };
            let nodes: Vec<_> = if script.is_list() { script.items().collect() } else { vec![script] };
            for node in nodes {
                for line in node.text().unwrap_or_default().lines().map(str::trim) {
                    let prints = (line.starts_with("echo ") || line.starts_with("printf "))
                        && !line.contains(['|', '>']);
                    let found =
                        references(line, '\\').into_iter().find(|reference| names::is_secret(reference.name));
                    if let Some(reference) = found.filter(|_| prints) {
                        sheet.add(
                            node.place,
                            format!("`{}` is printed into the log", reference.name),
                            "do not print it; the mask knows only the value as it is",
                        );
                    }
                }
            }
        }
    }
}
