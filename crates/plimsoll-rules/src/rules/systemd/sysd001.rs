//! A service may do more than it should. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;
use crate::systemd::exposure::{RowReport, exposure};

pub(super) const RULE: Rule = Rule {
    id: "SYSD001",
    name: "exposed-service",
    aliases: &["systemd-analyze-security"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("sysd001.md"),
    check: Check::Unit(look),
};

/// The limit where nothing is chosen: what is above it is EXPOSED or worse.
const LIMIT: u32 = 74;

/// Ways to lower the score that are named.
const NAMED: usize = 5;

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    let placed = subject.file;
    let limit = f64::from(subject.settings.most_exposure.unwrap_or(LIMIT)) / 10.0;
    if !placed.is_service() || placed.unit.list("Service", "ExecStart").is_empty() {
        return;
    }
    let exposure = exposure(&placed.unit);
    if exposure.score <= limit {
        return;
    }
    let word = exposure.level.word();
    let message = format!(
        "its exposure is {:.1} of 10 ({word}) in systemd {}; the limit is {limit:.1}",
        exposure.score, exposure.systemd
    );
    let worst: Vec<&RowReport> = exposure.rows.iter().filter(|row| row.lower.is_some()).take(NAMED).collect();
    let place = placed.place(&[], "Service");
    let mut entry = sheet.add(
        place,
        message,
        "see `plimsoll unit` for one that is hardened; each line below lowers the score",
    );
    for row in worst {
        let text = format!(
            "{} ({}); breaks {}",
            row.lower.unwrap_or_default(),
            row.may.unwrap_or_default(),
            row.breaks.unwrap_or_default()
        );
        entry.note(&format!("-{:.1}", row.exposure.unwrap_or_default()), text);
    }
}
