//! From a file's text to findings: it is taken apart once, and then asked by all rules of its kind.
//!
//! A new kind of file needs a line in the table of [`Kind`], a variant of [`Check`], and a function here that takes the
//! text apart and asks.

use plimsoll_model::finding::Finding;

use crate::dockerfile;
use crate::files::Kind;
use crate::registry;
use crate::rule::{Check, Look, Subject};
use crate::settings::Settings;
use crate::sheet::Sheet;
use crate::source::Source;
use crate::surroundings::Surroundings;
use crate::systemd::PlacedUnit;
use crate::waiver::{Block, Layout, Remark, remarks};

/// A file that was judged, before what is allowed is taken out.
pub(crate) struct Judged {
    pub(crate) source: Source,
    pub(crate) findings: Vec<Finding>,
    /// Its comments.
    pub(crate) remarks: Vec<Remark>,
    /// What the comments are about.
    pub(crate) layout: Layout,
}

/// What every file is judged with.
struct Judge<'a> {
    around: &'a Surroundings,
    settings: &'a Settings,
}

/// Judges a file.
pub(crate) fn judge(kind: Kind, source: Source, around: &Surroundings, settings: &Settings) -> Judged {
    let judge = Judge { around, settings };
    match kind {
        Kind::Dockerfile | Kind::Any => judge.dockerfile(source),
        Kind::Unit => judge.unit(source),
        _ => nothing(kind, source),
    }
}

impl Judge<'_> {
    /// Asks all rules that look at such a file.
    fn ask<F>(&self, file: &F, source: &Source, look: impl Fn(Check) -> Option<Look<F>>) -> Vec<Finding> {
        let subject = Subject { file, around: self.around, settings: self.settings };
        let mut findings = Vec::new();
        for rule in registry::all() {
            let Some(look) = look(rule.check) else { continue };
            if self.settings.asks(rule) {
                let mut sheet = Sheet::new(rule, source);
                look(&subject, &mut sheet);
                findings.extend(sheet.findings());
            }
        }
        findings
    }

    fn unit(&self, source: Source) -> Judged {
        let placed = PlacedUnit::new(source, self.around);
        let file = &placed.file;
        let findings = self.ask(&placed, &file.source, |check| match check {
            Check::Unit(look) => Some(look),
            _ => None,
        });
        let comments = file.comments.iter();
        let remarks =
            comments.map(|c| Remark { line: c.line, text: c.text.clone(), inside: c.inside }).collect();
        let places = file.assignments.iter().map(|a| a.place);
        let places =
            places.chain(file.sections.iter().map(|s| s.place)).chain(file.problems.iter().map(|p| p.place));
        let mut blocks: Vec<Block> = places.map(|place| (place.line, place.end_line)).collect();
        blocks.sort_unstable();
        blocks.dedup();
        Judged { findings, remarks, layout: Layout::Blocks(blocks), source: placed.file.source }
    }

    fn dockerfile(&self, source: Source) -> Judged {
        let file = dockerfile::parse(source);
        let findings = self.ask(&file, &file.source, |check| match check {
            Check::Dockerfile(look) => Some(look),
            _ => None,
        });
        let comments = file.comments.iter();
        let remarks =
            comments.map(|c| Remark { line: c.line, text: c.text.clone(), inside: c.inside }).collect();
        let mut blocks: Vec<Block> =
            file.instructions.iter().map(|i| (i.place.line, i.place.end_line)).collect();
        blocks.extend(file.problems.iter().map(|problem| (problem.place.line, problem.place.end_line)));
        blocks.sort_unstable();
        Judged { source: file.source, findings, remarks, layout: Layout::Blocks(blocks) }
    }
}

/// A file that no rule of its own kind looks at.
fn nothing(kind: Kind, source: Source) -> Judged {
    let remarks = remarks(&source, kind.comments(source.path.as_ref()));
    let layout = match kind {
        Kind::Compose | Kind::Kubernetes | Kind::Workflow | Kind::GitlabCi | Kind::Yaml => Layout::Indented,
        _ => Layout::Lines,
    };
    Judged { source, findings: Vec::new(), remarks, layout }
}
