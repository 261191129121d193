//! A service may do more than it should. The page beside this file says why.

use plimsoll_model::Severity;
use plimsoll_model::inspection::{ExposureRow, Tenths};

use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;
use crate::systemd::exposure;

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
    let limit = Tenths(subject.settings.most_exposure.unwrap_or(LIMIT));
    if !placed.is_service() || placed.unit.list("Service", "ExecStart").is_empty() {
        return;
    }
    let exposure = exposure::exposure(&placed.unit);
    if exposure.score <= limit {
        return;
    }
    let word = exposure.level.word();
    let message = format!(
        "its exposure is {} of 10 ({word}) in systemd {}; the limit is {limit}",
        exposure.score, exposure.systemd
    );
    let said = |text: &Option<String>| text.clone().unwrap_or_default();
    let worst: Vec<&ExposureRow> =
        exposure.rows.iter().filter(|row| row.lower.is_some()).take(NAMED).collect();
    let place = placed.place(&[], "Service");
    let mut entry = sheet.add(
        place,
        message,
        "see `plimsoll unit` for one that is hardened; each line below lowers the score",
    );
    for row in worst {
        let text = format!("{} ({}); breaks {}", said(&row.lower), said(&row.may), said(&row.breaks));
        entry.note(&format!("-{}", row.exposure.unwrap_or_default()), text);
    }
}
