//! A port is published on every interface of the host. The page beside this file says why.

use plimsoll_model::Severity;

use super::services::{self, ports};
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP001",
    name: "port-on-all-interfaces",
    aliases: &["dclint:no-unbound-port-interfaces"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("cmp001.md"),
    check: Check::Compose(look),
};

/// Ports of programs that trust whoever reaches them, or that hold data.
const DATA: [u16; 16] =
    [1433, 2375, 2379, 3306, 5432, 5672, 5984, 6379, 8086, 8123, 9000, 9042, 9092, 9200, 11211, 27017];

/// Ports that are there for everybody.
const PUBLIC: [u16; 2] = [80, 443];

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for service in services::all(subject.file) {
        for port in
            ports(service.node).into_iter().filter(|port| port.address.is_none() && port.host.is_some())
        {
            let Some(inside) = port.container.filter(|inside| !PUBLIC.contains(inside)) else { continue };
            let is_data = DATA.contains(&inside);
            let fix = format!(
                "write `127.0.0.1:{}:{inside}`, or leave it out where only other services need it",
                port.host.unwrap_or(inside)
            );
            let mut entry =
                sheet.add(port.place, format!("port {inside} is published on every interface"), fix);
            entry.note("would be", "Docker's own rules come before those of ufw and firewalld");
            if is_data {
                entry.severity(Severity::Error);
            }
        }
    }
}
