//! The lists of apt stay in the layer. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3009",
    name: "apt-lists-kept",
    aliases: &["DL3009", "DKL-DI-0005"],
    severity: Severity::Info,
    on: true,
    page: include_str!("df3009.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for (run, command) in subject.file.runs().filter(|(run, _)| subject.file.is_shipped(run.stage)) {
        let mut updates = command.script.named(&["apt-get", "apt"]);
        let updates = updates.any(|command| command.has("update"));
        let removes = runs::removes(&command.script, &["/var/lib/apt/lists"]);
        if updates && !removes && !run.keeps_out("/var/lib/apt/lists") {
            let fix = "end the same `RUN` with `rm -rf /var/lib/apt/lists/*`";
            sheet.add(run.place, "the lists of apt stay in the layer", fix);
        }
    }
}
