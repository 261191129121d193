//! A service that runs as root and needs no right of root, as far as its unit tells. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;
use crate::systemd::exposure::effective::Effective;

pub(super) const RULE: Rule = Rule {
    id: "SYSD010",
    name: "needless-root",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("sysd010.md"),
    check: Check::Unit(look),
};

/// What a service of root does that another account cannot: the settings and programs that tell.
const SIGNS: [&str; 4] = ["AmbientCapabilities", "CapabilityBoundingSet", "PAMName", "Delegate"];

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    let placed = subject.file;
    let is_told = SIGNS.iter().any(|key| placed.service(key).is_some());
    if !placed.is_long_running() || !Effective::of(&placed.unit).is_root() || is_told {
        return;
    }
    let place = placed.place(&["User", "DynamicUser"], "Service");
    sheet
        .add(place, "the service runs as root", "add `DynamicUser=yes` (with `StateDirectory=` for its files), or `User=` with an account of its own")
        .note("a low port", "needs only `AmbientCapabilities=CAP_NET_BIND_SERVICE`")
        .note("needs root", "say which rights with `CapabilityBoundingSet=`, and this is silent");
}
