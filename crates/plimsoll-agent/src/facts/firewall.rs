//! What filters packets. Rules are counted by asking the kernel (`nftables.rs`) and by reading what managers of
//! firewalls leave in files; which packets they let through is told only where that is simple.

use std::net::SocketAddr;

use plimsoll_model::facts::{Fact, Firewall};

use super::nftables;
use super::view::View;

pub(super) fn facts(view: &View, listen: Option<SocketAddr>) -> Firewall {
    let manager = manager(view);
    let active = match &manager {
        Some(_) => Fact::Known(true),
        None => filters_input(view).into(),
    };
    let lets_in = listen.map(|listen| match (&active, manager.as_deref()) {
        // Packets that stay inside the machine pass every usual set of rules.
        _ if listen.ip().is_loopback() => Fact::Known(true),
        (Fact::Known(false), _) => Fact::Known(true),
        (Fact::Unknown(why), _) => Fact::Unknown(why.clone()),
        (_, Some("ufw")) => ufw_lets_in(view, listen.port()),
        (_, manager) => {
            Fact::unknown(format!("the rules of {} are not read", manager.unwrap_or("the packet filter")))
        }
    });
    Firewall { active, manager, lets_in }
}

fn manager(view: &View) -> Option<String> {
    let ufw = view.text("/etc/ufw/ufw.conf").unwrap_or_default();
    if ufw.lines().any(|line| line.trim().eq_ignore_ascii_case("enabled=yes")) {
        return Some("ufw".to_owned());
    }
    view.running().iter().any(|name| name == "firewalld").then(|| "firewalld".to_owned())
}

/// Whether anything looks at packets that come in.
fn filters_input(view: &View) -> Result<bool, String> {
    let legacy = view.text("/proc/net/ip_tables_names").unwrap_or_default();
    if legacy.lines().any(|table| table == "filter") {
        return Ok(true);
    }
    nftables::has_input_chain()
}

/// ufw keeps one line a rule: `### tuple ### allow tcp 8080 0.0.0.0/0 any 0.0.0.0/0 in`.
fn ufw_lets_in(view: &View, port: u16) -> Fact<bool> {
    let text = match view.text("/etc/ufw/user.rules") {
        Ok(text) => text,
        Err(why) => return Fact::Unknown(why),
    };
    let default = view.text("/etc/default/ufw").unwrap_or_default();
    let accepts = default.lines().any(|line| line.trim() == "DEFAULT_INPUT_POLICY=\"ACCEPT\"");
    let everyone = |source: &str| source == "0.0.0.0/0";
    for line in text.lines().filter_map(|line| line.strip_prefix("### tuple ### ")) {
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        let [action, protocol, ports, _, _, source, ..] = words.as_slice() else { continue };
        if !matches!(*protocol, "tcp" | "any") || !covers(ports, port) {
            continue;
        }
        // The first rule that fits decides; one for some sources only decides for those.
        return match (*action, everyone(source)) {
            ("allow" | "limit", true) => Fact::Known(true),
            ("deny" | "reject", true) => Fact::Known(false),
            _ => Fact::unknown(format!("ufw has a rule of its own for {source}")),
        };
    }
    Fact::Known(accepts)
}

/// `8080`, `80,443`, `8000:8100` or `any`.
fn covers(ports: &str, port: u16) -> bool {
    ports == "any"
        || ports.split(',').any(|part| match part.split_once(':') {
            Some((low, high)) => {
                low.parse().is_ok_and(|low: u16| low <= port)
                    && high.parse().is_ok_and(|high: u16| port <= high)
            }
            None => part.parse() == Ok(port),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ufw(rules: &str, port: u16) -> Fact<bool> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("etc/ufw")).unwrap();
        std::fs::write(folder.path().join("etc/ufw/ufw.conf"), "ENABLED=yes\n").unwrap();
        std::fs::write(folder.path().join("etc/ufw/user.rules"), rules).unwrap();
        let found = facts(&View::of(folder.path()), Some(SocketAddr::from(([0, 0, 0, 0], port))));
        assert_eq!((found.active, found.manager.as_deref()), (Fact::Known(true), Some("ufw")));
        found.lets_in.unwrap()
    }

    #[test]
    fn ufw_is_read_as_it_is_written() {
        let rules = "### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n\
                     ### tuple ### allow tcp 8000:8100 0.0.0.0/0 any 0.0.0.0/0 in\n\
                     ### tuple ### deny any 9000 0.0.0.0/0 any 0.0.0.0/0 in\n\
                     ### tuple ### allow tcp 5432 0.0.0.0/0 any 10.0.0.0/8 in\n";
        assert_eq!(ufw(rules, 8080), Fact::Known(true));
        assert_eq!(ufw(rules, 9000), Fact::Known(false));
        assert_eq!(ufw(rules, 7000), Fact::Known(false));
        assert!(matches!(ufw(rules, 5432), Fact::Unknown(_)));
    }

    #[test]
    fn loopback_is_always_let_in() {
        let view = View::of(std::path::Path::new("/nowhere"));
        let found = facts(&view, Some(SocketAddr::from(([127, 0, 0, 1], 80))));
        assert_eq!(found.lets_in, Some(Fact::Known(true)));
    }
}
