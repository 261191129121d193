//! A port is above 65535. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3011",
    name: "impossible-port",
    aliases: &["DL3011", "AVD-DS-0008", "DS008"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df3011.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for instruction in &subject.file.instructions {
        let Body::Expose(ports) = &instruction.body else { continue };
        let above = ports.iter().find(|port| {
            let numbers = port.split('/').next().unwrap_or_default().split('-');
            numbers.filter_map(|number| number.parse::<u64>().ok()).any(|number| number > 65535)
        });
        if let Some(port) = above {
            sheet.add(
                instruction.place,
                format!("there is no port `{port}`"),
                "write a port between 0 and 65535",
            );
        }
    }
}
