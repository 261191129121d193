//! Two services want the same port or name. The page beside this file says why.

use std::collections::BTreeMap;

use plimsoll_model::Severity;

use super::services::{self, ports};
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP003",
    name: "port-published-twice",
    aliases: &["dclint:no-duplicate-exported-ports", "dclint:no-duplicate-container-names"],
    severity: Severity::Error,
    on: true,
    page: include_str!("cmp003.md"),
    check: Check::Compose(look),
};

/// The address that a port is published at, and whose it is.
type Taker = (Option<String>, String);

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let mut taken: BTreeMap<(u16, String), Vec<Taker>> = BTreeMap::new();
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    // Those of different profiles need not run beside each other.
    let services =
        services::all(subject.file).into_iter().filter(|service| service.node.get("profiles").is_none());
    for service in services {
        let own = &service.key.text;
        for port in ports(service.node) {
            let Some(host) = port.host else { continue };
            let others = taken.entry((host, port.protocol.clone())).or_default();
            let clash = others
                .iter()
                .find(|(address, _)| address.is_none() || port.address.is_none() || *address == port.address);
            if let Some((_, other)) = clash {
                let message = format!("port {host} of the host is published by `{other}` already");
                sheet.add(port.place, message, "publish one of them at another port");
            }
            others.push((port.address, own.clone()));
        }
        let Some(node) = service.node.get("container_name") else { continue };
        let Some(name) = node.text().filter(|name| !name.contains('$')) else { continue };
        if let Some(other) = names.insert(name, own) {
            let message = format!("`{other}` is called `{name}` already");
            sheet.add(node.place, message, "leave `container_name` out: Compose gives names of its own");
        }
    }
}
