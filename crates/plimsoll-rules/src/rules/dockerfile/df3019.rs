//! apk keeps its index in the layer. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3019",
    name: "apk-cache-kept",
    aliases: &["DL3019", "AVD-DS-0025", "DS025", "DKL-DI-0004"],
    severity: Severity::Info,
    on: true,
    page: include_str!("df3019.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    runs::commands(subject, sheet, "add `--no-cache`", |run, command| {
        let adds = command.name == "apk" && command.has("add");
        let keeps = !command.has_flag(&["no-cache"]) && !run.keeps_out("/var/cache/apk");
        (adds && keeps).then(|| "the index of apk stays in the layer".to_owned())
    });
}
