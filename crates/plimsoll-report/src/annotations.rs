//! Findings where people review code: annotations of GitHub Actions, a code quality report of GitLab.

use std::fmt::Write as _;

use plimsoll_model::Severity;
use plimsoll_model::finding::{CheckReport, Finding};
use serde_json::{Value, json};

/// Workflow commands of GitHub Actions, one a line. Files that could not be read are warnings.
pub fn github(report: &CheckReport) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let place =
            finding.place.map(|p| format!(",line={},endLine={}", p.line, p.end_line)).unwrap_or_default();
        let title = format!("{} {}", finding.rule, finding.name);
        let message = format!("{}\nfix: {}", finding.message, finding.fix);
        let (file, title) = (property(&finding.path), property(&title));
        writeln!(text, "::{command} file={file}{place},title={title}::{}", data(&message))
            .expect("a string takes all");
    }
    for unread in &report.unread {
        let message = data(&format!("could not be checked: {}", unread.why));
        writeln!(text, "::warning file={}::{message}", property(&unread.path)).expect("a string takes all");
    }
    text
}

/// Text in a command must not end it: that would let a file write commands.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A code quality report of GitLab: one JSON array.
pub fn gitlab(report: &CheckReport) -> String {
    let mut seen = std::collections::BTreeMap::new();
    let entries = report.findings.iter().map(|finding| {
        let key = fingerprint_text(finding);
        let again = seen.entry(key.clone()).and_modify(|n| *n += 1).or_insert(0_u32);
        let fingerprint = plimsoll_model::Digest::of(format!("{key}\n{again}").as_bytes());
        json!({
            "description": format!("{}; fix: {}", finding.message, finding.fix),
            "check_name": finding.rule,
            "fingerprint": fingerprint.to_string(),
            "severity": match finding.severity {
                Severity::Error => "major",
                Severity::Warning => "minor",
                Severity::Info => "info",
            },
            "location": { "path": finding.path, "lines": { "begin": finding.place.map_or(1, |place| place.line) } },
        })
    });
    Value::Array(entries.collect()).to_string()
}

/// What makes a finding the same in the next commit: not its line, which moves.
pub(crate) fn fingerprint_text(finding: &Finding) -> String {
    let source: Vec<&str> = finding.source.iter().map(|line| line.text.trim()).collect();
    format!("{}\n{}\n{}", finding.rule, finding.path, source.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding_fixtures::findings;

    #[test]
    fn a_file_cannot_write_commands_of_github() {
        let mut report = findings();
        report.findings.truncate(1);
        report.findings[0].message = "a\n::set-output name=x::y".to_owned();
        report.findings[0].path = "a:b,c".to_owned();
        let text = github(&report);
        assert_eq!(text.lines().filter(|line| line.starts_with("::set-output")).count(), 0, "{text}");
        assert!(
            text.starts_with("::error file=a%3Ab%2Cc,line=7,endLine=7,title=BIN001 loader-missing::a%0A"),
            "{text}"
        );
    }

    #[test]
    fn fingerprints_differ_and_do_not_depend_on_lines() {
        let report = findings();
        let prints = |report: &CheckReport| {
            let entries: Vec<Value> = serde_json::from_str(&gitlab(report)).unwrap();
            entries.iter().map(|entry| entry["fingerprint"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let before = prints(&report);
        let mut moved = report.clone();
        moved
            .findings
            .iter_mut()
            .filter_map(|finding| finding.place.as_mut())
            .for_each(|place| place.line += 3);
        assert_eq!(before, prints(&moved));
        let mut unique = before.clone();
        unique.dedup();
        assert_eq!(unique.len(), before.len());
    }
}
