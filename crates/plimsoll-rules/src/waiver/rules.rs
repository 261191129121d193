//! What may be wrong with waivers themselves. These rules look nowhere: [`apply`](super::apply) writes their findings.

use plimsoll_model::Severity;

use crate::files::Kind;
use crate::rule::{Check, Rule};

const fn rule(id: &'static str, name: &'static str, severity: Severity, page: &'static str) -> Rule {
    Rule { id, name, aliases: &[], severity, on: true, page, check: Check::Elsewhere(Kind::Any) }
}

pub(crate) const NOT_UNDERSTOOD: Rule =
    rule("WV001", "waiver-not-understood", Severity::Warning, include_str!("wv001.md"));
pub(crate) const WITHOUT_REASON: Rule =
    rule("WV002", "waiver-without-reason", Severity::Warning, include_str!("wv002.md"));
pub(crate) const EXPIRED: Rule = rule("WV003", "expired-waiver", Severity::Warning, include_str!("wv003.md"));
pub(crate) const WITHOUT_FINDING: Rule =
    rule("WV004", "waiver-without-finding", Severity::Info, include_str!("wv004.md"));
