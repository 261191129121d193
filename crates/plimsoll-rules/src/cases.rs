//! Runs the cases of every page.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::date;

use crate::check::{Question, check_text};
use crate::files::Kind;
use crate::page::{self, Case};
use crate::registry;
use crate::rule::Rule;
use crate::secrets;
use crate::settings::{LabelFormat, Settings};
use crate::source::Source;
use crate::surroundings::{Shelf, Surroundings};

/// What the words behind a fence ask for.
struct Asked {
    /// The file's name.
    name: String,
    /// Whether it only lies beside the one that is judged.
    beside: bool,
    lines: Vec<u32>,
    settings: Settings,
}

fn asked(rule: &Rule, info: &str) -> Asked {
    let mut asked = Asked {
        name: rule.subject().typical().to_owned(),
        beside: false,
        lines: Vec::new(),
        settings: Settings { also: vec![rule.id.to_owned()], ..Settings::default() },
    };
    for word in info.split(' ').skip(1) {
        match word.split_once('=') {
            Some(("trusted", value)) => {
                asked.settings.trusted_registries = value.split(',').map(ToOwned::to_owned).collect();
            }
            Some(("labels", value)) => {
                let pairs = value.split(',').filter_map(|pair| pair.split_once(':'));
                asked.settings.labels =
                    pairs.map(|(name, format)| (name.to_owned(), label_format(format))).collect();
            }
            None if word == "only-these-labels" => asked.settings.only_these_labels = true,
            None if word == "beside" => asked.beside = true,
            None if word.parse::<u32>().is_err() => word.clone_into(&mut asked.name),
            _ => asked
                .lines
                .push(word.parse().unwrap_or_else(|_| panic!("{}: `{word}` behind a fence", rule.id))),
        }
    }
    asked
}

fn label_format(word: &str) -> LabelFormat {
    LabelFormat::new(word).unwrap_or_else(|| panic!("no format `{word}`"))
}

fn lines_found(rule: &Rule, files: &Files, asked: &Asked, text: &str) -> Vec<u32> {
    let settings = asked.settings.clone();
    let question = Question { paths: Vec::new(), exclude: Vec::new(), settings, today: date(2026, 11, 23) };
    let path = Path::new(&asked.name);
    let kind = Kind::of(path).unwrap_or_else(|| panic!("{}: what is {}?", rule.id, asked.name));
    let around = Surroundings::new(
        &Shelf::memory(files.clone()),
        Path::new(""),
        path.parent().unwrap_or(Path::new("")),
    );
    let source = Source::new(&asked.name, text);
    let applied = check_text(kind.told_by(text, false), source, &around, &question);
    let found = applied.findings.iter().filter(|finding| finding.rule == rule.id);
    for finding in found.clone() {
        assert!(!finding.message.ends_with('.') && !finding.fix.is_empty(), "{finding:?}");
    }
    found.map(|finding| finding.place.map_or(0, |place| place.line)).collect()
}

/// Files by name, as they lie beside each other.
type Files = BTreeMap<PathBuf, String>;

fn run(rule: &Rule, cases: &[Case<'_>], fires: bool, wrong: &mut Vec<String>) {
    let mut files = Files::new();
    for case in cases {
        let asked = asked(rule, case.info);
        let text = whole(case.text);
        files.insert(PathBuf::from(&asked.name), text.clone());
        if asked.beside {
            continue;
        }
        assert_eq!(fires, !asked.lines.is_empty(), "{}: only cases that fire name lines\n{text}", rule.id);
        let found = lines_found(rule, &files, &asked, &text);
        if found != asked.lines {
            wrong.push(format!("{}: found {found:?} in\n{text}", rule.id));
        }
        files.clear();
    }
}

/// Puts secrets where pages name them, `{{GitHub personal token}}`: they are made here, so that no scanner takes a page for one
/// that holds secrets.
fn whole(text: &str) -> String {
    let (mut text, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { break };
        text.push_str(before);
        match secrets::sample(name).or_else(|| (name == "CR").then(|| "\r".to_owned())) {
            Some(secret) => text.push_str(&secret),
            None => text.extend(["{{", name, "}}"]),
        }
        rest = behind;
    }
    text + rest
}

#[test]
fn every_case_holds() {
    let mut wrong = Vec::new();
    for rule in registry::all() {
        let page = page::read(rule.page);
        run(rule, &page.fires, true, &mut wrong);
        run(rule, &page.silent, false, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
