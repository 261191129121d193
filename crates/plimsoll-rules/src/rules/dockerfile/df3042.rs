//! pip keeps its cache in the layer. The page beside this file says why.

use plimsoll_model::Severity;

use super::pip;
use crate::dockerfile::{Body, Pair};
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3042",
    name: "pip-cache-kept",
    aliases: &["DL3042"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3042.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let mut off = vec![false; subject.file.stages.len()];
    for instruction in subject.file.unwrapped() {
        let is_off =
            instruction.stage.is_some_and(|stage| subject.file.lineage(stage).any(|stage| off[stage]));
        match &instruction.body {
            Body::Env(pairs) => {
                let sets = |pair: &Pair| pair.key == VARIABLE && ON.contains(&pair.value.as_str());
                if let (true, Some(stage)) = (pairs.iter().any(sets), instruction.stage) {
                    off[stage] = true;
                }
            }
            Body::Run(command) if !is_off && !instruction.keeps_out_of_home(".cache/pip") => {
                let script = &command.script;
                if script.commands.iter().any(pip::keeps_cache) && !script.sets(VARIABLE, &ON) {
                    let fix = "add `--no-cache-dir`, or mount a cache for `.cache/pip`";
                    sheet.add(instruction.place, "the cache of pip stays in the layer", fix);
                }
            }
            _ => {}
        }
    }
}

const VARIABLE: &str = "PIP_NO_CACHE_DIR";

/// What pip takes for yes.
const ON: [&str; 6] = ["1", "true", "True", "TRUE", "on", "yes"];
