//! `systemd-analyze`, asked about many units at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Why a test is skipped; nothing where `systemd-analyze` is there and of the version whose table is compared.
pub(crate) fn is_missing() -> Option<String> {
    let Ok(output) = Command::new("systemd-analyze").arg("--version").output() else {
        return Some("there is no systemd-analyze".to_owned());
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split_whitespace().nth(1).unwrap_or_default().to_owned();
    (version != "252").then(|| format!("systemd-analyze is of version {version}, the table of 252"))
}

fn analyze(folder: &Path, arguments: &[&str], units: &[String]) -> (String, String) {
    let output = Command::new("systemd-analyze")
        .args(arguments)
        .args(units.iter().map(|unit| format!("./{unit}")))
        .current_dir(folder)
        .env("SYSTEMD_ANALYZE_DEBUG", "1")
        .env("SYSTEMD_LOG_TARGET", "console")
        .env("SYSTEMD_COLORS", "0")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("systemd-analyze was there");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// What `security` says about a unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    /// `9.6 UNSAFE`.
    pub(crate) overall: String,
    /// By the row's name: badness (nothing where it does not apply) and its part as it is shown.
    pub(crate) rows: BTreeMap<String, (Option<u64>, Option<String>)>,
}

/// Asks about units in a folder. What systemd refuses to load has no answer.
pub(crate) fn security(folder: &Path, units: &[String]) -> BTreeMap<String, Said> {
    let common = ["security", "--offline=true", "--no-pager"];
    let (text, _) = analyze(folder, &common, units);
    let overall = text.lines().filter_map(|line| {
        let (name, rest) = line.split_once("Overall exposure level for ")?.1.split_once(": ")?;
        let mut words = rest.split(' ');
        Some((name.to_owned(), format!("{} {}", words.next()?, words.next()?)))
    });
    let (json, _) = analyze(folder, &[&common[..], &["--json=short"]].concat(), units);
    let tables = json.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    overall.zip(tables).map(|((name, overall), table)| (name, Said { overall, rows: rows(&table) })).collect()
}

fn rows(table: &Value) -> BTreeMap<String, (Option<u64>, Option<String>)> {
    let rows = table.as_array().into_iter().flatten();
    rows.map(|row| {
        let badness = row["badness"].as_u64().filter(|&badness| badness != u64::MAX);
        (
            row["json_field"].as_str().unwrap_or_default().to_owned(),
            (badness, row["exposure"].as_str().map(str::to_owned)),
        )
    })
    .collect()
}

/// A message of `verify` about a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// The file's name.
    pub(crate) file: String,
    /// The line; 0 where it is about the whole file.
    pub(crate) line: usize,
    /// What it says.
    pub(crate) text: String,
}

/// What `verify` says about units in a folder.
pub(crate) fn verify(folder: &Path, units: &[String]) -> Vec<Message> {
    // With `--recursive-errors=no` names of other units are not even looked at.
    let (_, text) = analyze(folder, &["verify", "--man=no"], units);
    text.lines().filter_map(message).collect()
}

fn message(line: &str) -> Option<Message> {
    let (place, text) = line.split_once(": ")?;
    let (file, number) = place.rsplit_once(':').unwrap_or((place, "0"));
    let file = file.rsplit('/').next().unwrap_or_default().to_owned();
    Some(Message { file, line: number.parse().ok()?, text: text.to_owned() })
}

/// Everything that `verify` says about one unit.
pub(crate) fn verify_text(folder: &Path, unit: &str) -> String {
    analyze(folder, &["verify", "--man=no", "--recursive-errors=one"], &[unit.to_owned()]).1
}
