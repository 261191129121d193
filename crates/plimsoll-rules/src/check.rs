//! A whole run: find, read, judge, take out what is allowed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use plimsoll_model::finding::{CheckReport, Checked, Finding, Unread};

use crate::dockerfile::{self, Dockerfile};
use crate::files::{Found, Kind, discover, read_text};
use crate::registry;
use crate::rule::{Check, DockerfileSubject};
use crate::settings::Settings;
use crate::sheet::Sheet;
use crate::source::Source;
use crate::surroundings::Surroundings;
use crate::waiver::{self, Applied, Block, Remark};

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
    let mut surroundings = BTreeMap::new();
    for Found { path, kind } in &found.files {
        let shown = path.display().to_string();
        match read_text(path, kind.largest()) {
            Err(error) => report.unread.push(Unread { path: shown, why: error.to_string() }),
            Ok(text) => {
                let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
                let around = surroundings.entry(folder).or_insert_with_key(|folder| Surroundings::of(folder));
                let applied = check_text(*kind, Source::new(&shown, text), around, question);
                report.findings.extend(applied.findings);
                report.waived.extend(applied.waived);
                report.checked.push(Checked { path: shown, kind: kind.name().to_owned() });
            }
        }
    }
    report
}

/// Checks one file whose text is known.
pub(crate) fn check_text(kind: Kind, source: Source, around: &Surroundings, question: &Question) -> Applied {
    match kind {
        Kind::Dockerfile | Kind::Any => check_dockerfile(&dockerfile::parse(source), around, question),
    }
}

fn check_dockerfile(file: &Dockerfile, around: &Surroundings, question: &Question) -> Applied {
    let settings = &question.settings;
    let subject = DockerfileSubject { file, around, settings };
    let mut findings = Vec::new();
    for rule in registry::all().filter(|rule| settings.asks(rule)) {
        let Check::Dockerfile(look) = rule.check else { continue };
        let mut sheet = Sheet::new(rule, &file.source);
        look(&subject, &mut sheet);
        findings.extend(sheet.findings());
    }
    let comments = file.comments.iter();
    let remarks: Vec<Remark<'_>> =
        comments.map(|c| Remark { line: c.line, text: &c.text, inside: c.inside }).collect();
    let mut blocks: Vec<Block> = file.instructions.iter().map(|i| (i.place.line, i.place.end_line)).collect();
    blocks.extend(file.problems.iter().map(|problem| (problem.place.line, problem.place.end_line)));
    blocks.sort_unstable();
    let mut applied = waiver::apply(&file.source, &remarks, &blocks, findings, settings, question.today);
    applied.findings.sort_by(order);
    applied.waived.sort_by(|a, b| order(&a.finding, &b.finding));
    applied
}

/// By place; at one place the worst first.
fn order(a: &Finding, b: &Finding) -> std::cmp::Ordering {
    let key = |finding: &Finding| finding.place.map(|place| (place.line, place.column));
    key(a).cmp(&key(b)).then(b.severity.cmp(&a.severity)).then_with(|| a.rule.cmp(&b.rule))
}
