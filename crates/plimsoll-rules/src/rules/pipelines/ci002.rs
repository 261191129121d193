//! A stranger's text becomes part of a script. The page beside this file says why.

use plimsoll_model::Severity;

use super::jobs;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CI002",
    name: "stranger-writes-the-script",
    aliases: &["template-injection"],
    severity: Severity::Error,
    on: true,
    page: include_str!("ci002.md"),
    check: Check::Workflow(look),
};

/// What strangers may write: titles, texts, names of branches.
const STRANGERS: [&str; 16] = [
    "github.event.issue.title",
    "github.event.issue.body",
    "github.event.pull_request.title",
    "github.event.pull_request.body",
    "github.event.comment.body",
    "github.event.review.body",
    "github.event.review_comment.body",
    "github.event.discussion.title",
    "github.event.discussion.body",
    "github.event.head_commit.message",
    "github.event.head_commit.author",
    "github.event.commits",
    "github.event.pull_request.head.ref",
    "github.event.pull_request.head.label",
    "github.event.workflow_run.head_branch",
    "github.head_ref",
];

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for step in jobs::steps(subject.file) {
        for script in [step.get("run"), step.at(&["with", "script"])].into_iter().flatten() {
            let text = script.text().unwrap_or_default();
            for expression in jobs::expressions(text) {
                let Some(stranger) = STRANGERS.iter().find(|name| expression.contains(*name)) else {
                    continue;
                };
                let message =
                    format!("`{stranger}` becomes part of the script: whoever writes it runs commands here");
                sheet.add(
                    script.place,
                    message,
                    "put it into a variable of `env:`, and write \"$NAME\" in the script",
                );
            }
        }
    }
}
