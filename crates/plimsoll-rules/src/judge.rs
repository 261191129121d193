//! From a file's text to findings: it is taken apart once, and then asked by all rules of its kind.
//!
//! A new kind of file needs a line in the table of [`Kind`], a variant of [`Check`], and a function here that takes the
//! text apart and asks.

use plimsoll_model::finding::{Finding, Place};

use crate::files::Kind;
use crate::registry;
use crate::rule::{Check, Look, Secrets, Subject};
use crate::secrets;
use crate::settings::Settings;
use crate::sheet::Sheet;
use crate::source::Source;
use crate::surroundings::Surroundings;
use crate::systemd::PlacedUnit;
use crate::tree::Tree;
use crate::waiver::{Block, Layout, Remark, is_about_secrets, remarks};
use crate::{dockerfile, environment, ignore, lock};

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
    let mut judged = match kind {
        Kind::Dockerfile | Kind::Any => judge.dockerfile(source),
        Kind::Unit => judge.unit(source),
        Kind::Compose => {
            judge.tree(kind, source, |check| if let Check::Compose(look) = check { Some(look) } else { None })
        }
        Kind::Kubernetes if is_template(&source) => nothing(Kind::Text, source),
        Kind::Kubernetes => judge
            .tree(kind, source, |check| if let Check::Kubernetes(look) = check { Some(look) } else { None }),
        Kind::Workflow => judge
            .tree(kind, source, |check| if let Check::Workflow(look) = check { Some(look) } else { None }),
        Kind::GitlabCi => judge
            .tree(kind, source, |check| if let Check::GitlabCi(look) = check { Some(look) } else { None }),
        Kind::Environment => judge.environment(source),
        Kind::Lock => judge.lock(source),
        Kind::Manifest => judge.manifest(source),
        Kind::Yaml | Kind::Text => nothing(kind, source),
    };
    judge.secrets(kind, &mut judged);
    judged
}

/// Rules about secrets in files of one kind. They know better what to do about one than those about secrets anywhere.
const KNOW_BETTER: [&str; 5] = ["IMG005", "CMP009", "K8S015", "CI021", "SYSD009"];

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

    /// A file of YAML: its own rules, and those of all such files.
    fn tree(&self, kind: Kind, source: Source, own: impl Fn(Check) -> Option<Look<Tree>>) -> Judged {
        let tree = Tree::yaml(source);
        let findings = self.ask(&tree, &tree.source, |check| match check {
            Check::Yaml(look) => Some(look),
            check => own(check),
        });
        plain(kind, tree.source, findings)
    }

    fn environment(&self, source: Source) -> Judged {
        let file = environment::parse(source);
        let findings = self.ask(&file, &file.source, |check| match check {
            Check::Environment(look) => Some(look),
            _ => None,
        });
        plain(Kind::Environment, file.source, findings)
    }

    fn lock(&self, source: Source) -> Judged {
        let file = lock::parse(source);
        let findings = self.ask(&file, &file.source, |check| match check {
            Check::Lock(look) => Some(look),
            _ => None,
        });
        plain(Kind::Lock, file.source, findings)
    }

    /// What a project needs. Files that are neither JSON nor TOML are asked as a tree without documents.
    fn manifest(&self, source: Source) -> Judged {
        let tree = match source.path.rsplit('.').next() {
            Some("json") => Tree::json(source),
            Some("toml") => Tree::toml(source),
            _ if source.path.ends_with("Pipfile") => Tree::toml(source),
            _ => Tree { source, documents: Vec::new(), problem: None, twice: Vec::new() },
        };
        let findings = self.ask(&tree, &tree.source, |check| match check {
            Check::Manifest(look) => Some(look),
            _ => None,
        });
        plain(Kind::Manifest, tree.source, findings)
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

impl Judge<'_> {
    /// Looks for secrets, and masks them in everything that was said about the file.
    fn secrets(&self, kind: Kind, judged: &mut Judged) {
        let path = judged.source.path.clone();
        let style = kind.style(path.as_ref());
        let hits = secrets::scan(judged.source.text.as_bytes(), style);
        let known: Vec<Place> = judged
            .findings
            .iter()
            .filter(|finding| KNOW_BETTER.contains(&finding.rule.as_str()))
            .filter_map(|finding| finding.place)
            .collect();
        let is_known =
            |place: &Place| known.iter().any(|known| (known.line..=known.end_line).contains(&place.line));
        let found = hits.iter().map(|hit| (hit.clone(), judged.source.place_of(hit.range.clone())));
        // Addresses in comments of programs and documents show how one looks.
        let shows = |(hit, place): &(secrets::Hit, Place)| {
            let line = judged.source.line(place.line).trim_start();
            hit.certainty == secrets::Certainty::Address
                && style != secrets::Style::Settings
                && ["//", "*", "#", "--"].iter().any(|sign| line.starts_with(sign))
        };
        let found = found.filter(|found| !is_known(&found.1) && !shows(found)).collect();
        // Secrets of this machine are where they belong in a file that git leaves out.
        let name = path.rsplit('/').next().unwrap_or_default();
        let stays_here = kind == Kind::Environment && ignore::leaves_out(self.around, name) == Some(true);
        let file = Secrets { found, in_tests: stays_here || lies_among_tests(&path) };
        judged.findings.extend(self.ask(&file, &judged.source, |check| match check {
            Check::Secrets(look) => Some(look),
            _ => None,
        }));
        // Any text may speak about waivers; only where something was found can one be meant.
        if kind == Kind::Text && judged.findings.is_empty() {
            judged.remarks.clear();
        }
        secrets::hide(&mut judged.findings, &judged.source, &hits);
    }
}

/// Whether a path has a folder or a name of tests, examples or documents.
fn lies_among_tests(path: &str) -> bool {
    const WORDS: [&str; 14] = [
        "test",
        "tests",
        "testdata",
        "__tests__",
        "spec",
        "specs",
        "fixture",
        "fixtures",
        "mock",
        "mocks",
        "example",
        "examples",
        "sample",
        "docs",
    ];
    let path = path.to_ascii_lowercase();
    path.split(['/', '.', '_', '-']).any(|part| WORDS.contains(&part))
}

/// A file that no rule of its own kind looks at.
fn nothing(kind: Kind, source: Source) -> Judged {
    plain(kind, source, Vec::new())
}

/// Whether a file becomes YAML only when a tool such as Helm has filled it in.
fn is_template(source: &Source) -> bool {
    source.lines().any(|(_, line)| {
        let line = line.trim_start();
        line.starts_with("{{") || line.contains(": {{") || line.contains("- {{")
    })
}

/// A file whose comments are found without a parser.
fn plain(kind: Kind, source: Source, findings: Vec<Finding>) -> Judged {
    let mut remarks = remarks(&source, kind.comments(source.path.as_ref()));
    // Any text may speak about waivers. Only those that could allow something here are taken for one.
    if kind == Kind::Text {
        remarks.retain(|remark| is_about_secrets(&remark.text));
    }
    let layout = match kind {
        Kind::Compose | Kind::Kubernetes | Kind::Workflow | Kind::GitlabCi | Kind::Yaml => Layout::Indented,
        _ => Layout::Lines,
    };
    Judged { source, findings, remarks, layout }
}
