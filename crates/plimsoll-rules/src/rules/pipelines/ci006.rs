//! Pull requests run on a machine of your own. The page beside this file says why.

use plimsoll_model::Severity;

use super::jobs;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CI006",
    name: "pull-request-on-own-machine",
    aliases: &["self-hosted-runner"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("ci006.md"),
    check: Check::Workflow(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    if !["pull_request", "pull_request_target"].iter().any(|name| jobs::has_trigger(subject.file, name)) {
        return;
    }
    for job in jobs::all(subject.file) {
        let Some(runner) = job.get("runs-on").filter(|runner| runner.texts().contains(&"self-hosted")) else {
            continue;
        };
        sheet
            .add(
                runner.place,
                "pull requests run on a machine of your own",
                "run them on GitHub's machines, or on ones that are thrown away after each job",
            )
            .note("where", "in a public repository anybody can open a pull request");
    }
}
