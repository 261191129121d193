//! Runs the cases of every page.

use jiff::civil::date;

use crate::check::{Question, check_text};
use crate::files::Kind;
use crate::page::{self, Case};
use crate::registry;
use crate::rule::Rule;
use crate::settings::{LabelFormat, Settings};
use crate::source::Source;
use crate::surroundings::Surroundings;

/// What the words behind a fence ask for.
struct Asked {
    lines: Vec<u32>,
    settings: Settings,
}

fn asked(rule: &Rule, info: &str) -> Asked {
    let mut asked = Asked {
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

fn lines_found(rule: &Rule, around: &Surroundings, case: &Case<'_>, settings: Settings) -> Vec<u32> {
    let question = Question { paths: Vec::new(), exclude: Vec::new(), settings, today: date(2026, 11, 23) };
    let applied = check_text(Kind::Dockerfile, Source::new("Dockerfile", case.text), around, &question);
    let found = applied.findings.iter().filter(|finding| finding.rule == rule.id);
    for finding in found.clone() {
        assert!(!finding.message.ends_with('.') && !finding.fix.is_empty(), "{finding:?}");
    }
    found.map(|finding| finding.place.map_or(0, |place| place.line)).collect()
}

fn run(rule: &Rule, cases: &[Case<'_>], fires: bool) {
    let mut around = Surroundings::default();
    for case in cases {
        if case.info.starts_with("go") {
            around.go.get_or_insert_default().add("main.go", case.text);
            continue;
        }
        let asked = asked(rule, case.info);
        assert_eq!(
            fires,
            !asked.lines.is_empty(),
            "{}: only cases that fire name lines\n{}",
            rule.id,
            case.text
        );
        let found = lines_found(rule, &around, case, asked.settings);
        assert_eq!(found, asked.lines, "{}\n{}", rule.id, case.text);
        around = Surroundings::default();
    }
}

#[test]
fn every_case_holds() {
    for rule in registry::all() {
        let page = page::read(rule.page);
        run(rule, &page.fires, true);
        run(rule, &page.silent, false);
    }
}
