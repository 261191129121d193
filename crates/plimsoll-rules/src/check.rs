//! A whole run: find, read, judge, take out what is allowed. How one file is judged is in [`judge`](crate::judge).

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use plimsoll_model::finding::{CheckReport, Checked, Finding, Unread};

use crate::files::{Found, Kind, Unreadable, begins_as_no_text, discover, read_text};
use crate::judge;
use crate::settings::Settings;
use crate::source::Source;
use crate::surroundings::{Shelf, Surroundings};
use crate::waiver::{self, Applied};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Files and folders to look at.
    pub paths: Vec<PathBuf>,
    /// Names or paths below them that are left out; one `*` stands for anything.
    pub exclude: Vec<String>,
    /// What the user chose.
    pub settings: Settings,
    /// The day on which it is asked; waivers end.
    pub today: Date,
}

/// Checks what is there.
pub fn check(question: &Question) -> CheckReport {
    let found = discover(&question.paths, &question.exclude);
    let mut report = CheckReport { unread: found.unread, ..CheckReport::default() };
    let shelf = Shelf::disk();
    for Found { path, kind, root, named } in &found.files {
        let shown = path.display().to_string();
        let text = match read_text(path, kind.largest()) {
            Ok(text) => text,
            // What no text is has no secrets that are looked for here.
            Err(Unreadable::NoText) if !named && *kind == Kind::Text => continue,
            Err(Unreadable::TooLarge { .. }) if !named && *kind == Kind::Text && begins_as_no_text(path) => {
                continue;
            }
            Err(error) => {
                report.unread.push(Unread { path: shown, why: error.to_string() });
                continue;
            }
        };
        let around = Surroundings::new(&shelf, root, path.parent().unwrap_or(Path::new("")));
        let kind = kind.told_by(&text, *named);
        let applied = check_text(kind, Source::new(&shown, text), &around, question);
        report.findings.extend(applied.findings);
        report.waived.extend(applied.waived);
        report.checked.push(Checked { path: shown, kind: kind.name().to_owned() });
    }
    report
}

/// Checks one file whose text is known.
pub(crate) fn check_text(kind: Kind, source: Source, around: &Surroundings, question: &Question) -> Applied {
    let settings = &question.settings;
    let judged = judge::judge(kind, source, around, settings);
    let mut applied = waiver::apply(
        &judged.source,
        &judged.remarks,
        &judged.layout,
        judged.findings,
        settings,
        question.today,
    );
    applied.findings.sort_by(order);
    applied.waived.sort_by(|a, b| order(&a.finding, &b.finding));
    applied
}

/// By place; at one place the worst first.
fn order(a: &Finding, b: &Finding) -> std::cmp::Ordering {
    let key = |finding: &Finding| finding.place.map(|place| (place.line, place.column));
    key(a).cmp(&key(b)).then(b.severity.cmp(&a.severity)).then_with(|| a.rule.cmp(&b.rule))
}
