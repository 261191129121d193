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
        let above = ports.iter().find(|port| !is_possible(port));
        if let Some(port) = above {
            sheet.add(
                instruction.place,
                format!("there is no port `{port}`"),
                "write a port between 0 and 65535",
            );
        }
    }
}

/// Whether it is a port or a range of ports, or holds a variable.
fn is_possible(port: &str) -> bool {
    let is_number = |number: &str| number.parse::<u16>().is_ok();
    port.contains('$') || port.split('/').next().unwrap_or_default().split('-').all(is_number)
}
