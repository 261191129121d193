//! A stage uses wget and curl. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF4001",
    name: "wget-and-curl",
    aliases: &["DL4001", "AVD-DS-0014", "DS014"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df4001.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for stage in 0..subject.file.stages.len() {
        let (mut wget, mut curl) = (false, false);
        for instruction in subject.file.in_stage(stage) {
            let Body::Run(command) = &instruction.body else { continue };
            let here = (command.script.runs("wget"), command.script.runs("curl"));
            (wget, curl) = (wget || here.0, curl || here.1);
            if wget && curl && (here.0 || here.1) {
                sheet.add(instruction.place, "the stage uses both `wget` and `curl`", "use one of them");
            }
        }
    }
}
