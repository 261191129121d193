//! A workflow uses an action that is not there. The page beside this file says why.

use plimsoll_model::Severity;

use super::jobs;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CI008",
    name: "local-action-missing",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("ci008.md"),
    check: Check::Workflow(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let Some(project) = subject.around.at("../..") else { return };
    // Another repository may have been checked out over this one.
    let has_other = jobs::steps(subject.file)
        .iter()
        .any(|step| step.at(&["with", "repository"]).is_some() || step.at(&["with", "path"]).is_some());
    if has_other {
        return;
    }
    let uses = jobs::steps(subject.file)
        .into_iter()
        .chain(jobs::all(subject.file))
        .filter_map(|step| step.get("uses"));
    for node in uses {
        let Some(path) =
            node.text().and_then(|text| text.strip_prefix("./")).filter(|path| !path.contains("${{"))
        else {
            continue;
        };
        let (folder, names) = match path.rsplit_once('/') {
            Some((folder, file))
                if file.rsplit_once('.').is_some_and(|(_, end)| ["yml", "yaml"].contains(&end)) =>
            {
                (folder, vec![file])
            }
            _ => (path, vec!["action.yml", "action.yaml", "Dockerfile"]),
        };
        let Some(there) = project.at(folder) else { continue };
        let is_there = there.names().is_some_and(|there| names.iter().any(|name| there.contains(*name)));
        if !is_there && project.names().is_some_and(|names| !names.is_empty()) {
            sheet.add(
                node.place,
                format!("there is no action or workflow at {path}"),
                "correct the path: it begins at the repository's folder",
            );
        }
    }
}
