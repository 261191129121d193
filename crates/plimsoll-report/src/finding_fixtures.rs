//! Findings as the rules make them, for the tests.

use plimsoll_model::Severity;
use plimsoll_model::finding::{
    CheckReport, Checked, Finding, Note, Place, RuleSheet, SourceLine, Unread, Waived,
};

fn finding(rule: &str, name: &str, severity: Severity, line: u32, text: &str) -> Finding {
    let end = u32::try_from(text.len()).expect("a fixture is short") + 1;
    Finding {
        rule: rule.to_owned(),
        name: name.to_owned(),
        aliases: Vec::new(),
        severity,
        path: "Dockerfile".to_owned(),
        place: Some(Place { line, column: 1, end_line: line, end_column: end }),
        message: "something is wrong".to_owned(),
        mark: String::new(),
        source: vec![SourceLine { line, text: text.to_owned() }],
        notes: Vec::new(),
        fix: "mend it".to_owned(),
    }
}

/// An error, a warning over two lines, a waived error and a file that could not be read.
pub(crate) fn findings() -> CheckReport {
    let mut error = finding("BIN001", "loader-missing", Severity::Error, 7, "FROM scratch");
    error.mark = "no loader is in scratch".to_owned();
    error
        .notes
        .push(Note { name: "would be".to_owned(), text: "exec /app: no such file or directory".to_owned() });
    let mut warning = finding("DF3003", "cd-in-run", Severity::Warning, 9, "RUN cd /x && \\");
    warning.source.push(SourceLine { line: 10, text: "    make".to_owned() });
    warning.place = Some(Place { line: 9, column: 1, end_line: 10, end_column: 9 });
    let waived = finding("DF3004", "sudo", Severity::Error, 12, "RUN sudo make");
    let checked = |path: &str| Checked { path: path.to_owned(), kind: "dockerfile".to_owned() };
    CheckReport {
        findings: vec![error, warning],
        waived: vec![Waived {
            finding: waived,
            by_line: 11,
            reason: "the base needs it".to_owned(),
            until: None,
        }],
        unread: vec![Unread { path: "big/Dockerfile".to_owned(), why: "it has 4 GB".to_owned() }],
        checked: vec![checked("Dockerfile"), checked("api.Dockerfile")],
    }
}

/// What these rules are about, and one that found nothing.
pub(crate) fn rule_sheets() -> Vec<RuleSheet> {
    let sheet = |id: &str, name: &str| RuleSheet {
        id: id.to_owned(),
        name: name.to_owned(),
        aliases: vec!["DL0000".to_owned()],
        severity: Severity::Warning,
        on: true,
        subject: "dockerfile".to_owned(),
        summary: "A summary".to_owned(),
        what: "What.".to_owned(),
        why: "Why.".to_owned(),
        fix: "Fix.".to_owned(),
        references: String::new(),
    };
    vec![
        sheet("BIN001", "loader-missing"),
        sheet("DF3003", "cd-in-run"),
        sheet("DF3004", "sudo"),
        sheet("DF9999", "x"),
    ]
}
