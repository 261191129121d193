//! The proxy's units: a socket that systemd binds and keeps, and a template of proxies that take it.
//!
//! The socket outlives every proxy, so clients connect also while one is replaced: the next number is started on the
//! same socket, steered, and only then the one before is told to finish. A low port needs no capability: systemd binds it.

use std::net::SocketAddr;
use std::path::Path;

use plimsoll_model::release::Hardening;

use super::super::Scope;
use super::agent::wanted_by;
use super::names::UnitNames;
use super::sandbox::{Needs, lines as sandbox};
use super::text::{Line, UnitText, line, quote, quote_argument};

/// What the proxy's units are made of.
#[derive(Debug, Clone, Copy)]
pub struct ProxyUnit<'a> {
    /// The names of the service's units.
    pub names: &'a UnitNames,
    /// The service.
    pub service: &'a str,
    /// The service's folder.
    pub folder: &'a Path,
    /// The program.
    pub executable: &'a Path,
    /// Where clients connect.
    pub listen: SocketAddr,
    /// The number of the newest proxy.
    pub number: u32,
    /// Folder of the sockets by which proxies are steered.
    pub control: &'a Path,
    /// Folder of the table that they keep.
    pub state: &'a Path,
    /// Whose rights they have; absent in a user's systemd.
    pub account: Option<&'a str>,
    /// Which systemd runs them.
    pub scope: Scope,
    /// Version of the program.
    pub version: &'a str,
}

/// The socket.
pub fn socket(unit: &ProxyUnit<'_>) -> UnitText {
    let lines = vec![
        line("ListenStream", unit.listen.to_string(), "where clients connect"),
        line("Service", unit.names.proxy(unit.number), "started by the first client where none runs"),
        line("Backlog", "4096", "connections that wait while a proxy is replaced"),
        line("NoDelay", "yes", "answers are not held back"),
        line("KeepAlive", "yes", "clients that vanished without a word are found out"),
        line("KeepAliveTimeSec", "60", "after so long"),
        line("FreeBind", "yes", "after a reboot the address may come later than the socket"),
    ];
    UnitText::default()
        .section(
            "Unit",
            vec![line("Description", format!("{}: where clients connect", unit.service), "for people")],
        )
        .section("Socket", lines)
        .section("Install", vec![line("WantedBy", "sockets.target", "it returns with a reboot")])
        .made_for(unit.folder, unit.version)
}

/// The template of proxies.
pub fn proxy(unit: &ProxyUnit<'_>) -> UnitText {
    let about = vec![
        line("Description", format!("{}: proxy %i", unit.service), "for people"),
        line("After", "network.target", "it connects to instances"),
        line("StartLimitIntervalSec", "0", "it comes back however often it ended"),
    ];
    UnitText::default()
        .section("Unit", about)
        .section("Service", service(unit))
        .section("Install", vec![line("WantedBy", wanted_by(unit.scope), "it returns with a reboot")])
        .made_for(unit.folder, unit.version)
}

fn service(unit: &ProxyUnit<'_>) -> Vec<Line> {
    let argument = |path: &Path| quote_argument(&path.display().to_string());
    let command = format!(
        "{} proxy --inherited --control {} --state {}",
        quote(&unit.executable.display().to_string()),
        // `%i` is the number of the proxy.
        argument(&unit.control.join("NUMBER.sock")).replace("NUMBER", "%i"),
        argument(&unit.state.join("table.json")),
    );
    let mut lines = vec![
        line("Type", "exec", "a program that cannot be executed is known at once"),
        line("ExecStart", command, "it serves the table that it had last until it is given another"),
        line("Sockets", unit.names.socket(), "two proxies share it while one takes over from the other"),
        line("StandardInput", "socket", "the listening socket is handed over there"),
        line("StandardOutput", "journal", "its messages are in the journal"),
        line("StandardError", "journal", "the same"),
        line("Restart", "on-failure", "it comes back after a kill, and not after it was told to finish"),
        line("RestartSec", "100ms", "at once, but not in a tight loop"),
        line("KillMode", "mixed", "it finishes what clients asked for"),
        line("TimeoutStopSec", "35s", "the longest that it may finish"),
        line("LimitNOFILE", "524288", "a connection is two files"),
        line("OOMScoreAdjust", "-250", "it serves all instances"),
    ];
    if let Some(account) = unit.account {
        lines.push(line("User", account, "an account without login and without rights"));
        lines.push(line("Group", account, "the same"));
    }
    if unit.scope == Scope::User {
        lines.retain(|line| line.key != "OOMScoreAdjust");
    }
    lines.extend(sandbox(&Needs {
        hardening: Hardening::Strict,
        scope: unit.scope,
        capabilities: &[],
        writes: &[unit.control, unit.state],
    }));
    lines
}
