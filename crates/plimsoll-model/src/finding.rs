//! What checks of files find: [`Finding`]s, the [`CheckReport`] that holds them, and the [`RuleSheet`]s that say what
//! each rule is about.
//!
//! The checks are `plimsoll-rules`'; the texts, SARIF and the like are `plimsoll-report`'s. Answers about hosts are in
//! [`preflight`](crate::preflight).

use serde::{Deserialize, Serialize};

use crate::Severity;

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// The rule's identifier: `DF3006`. Never changes its meaning.
    pub rule: String,
    /// The rule's name; reads well after "allow": `untagged-base-image`.
    pub name: String,
    /// The same check elsewhere: `DL3006`.
    pub aliases: Vec<String>,
    /// How much it matters.
    pub severity: Severity,
    /// The file, as it was named or found.
    pub path: String,
    /// Where in the file; absent where the finding is about the whole of it.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// What is wrong: a fragment in lower case.
    pub message: String,
    /// What stands below the marked text; empty where nothing does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mark: String,
    /// The lines that the finding is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<SourceLine>,
    /// What else is known, each with its name: `program`, `would be`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// What to do, with the command or the text where there is one.
    pub fix: String,
}

/// A part of a file. Lines and columns begin at 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Place {
    /// The first line.
    pub line: u32,
    /// The first character in it.
    pub column: u32,
    /// The last line.
    pub end_line: u32,
    /// The character after the last one.
    pub end_column: u32,
}

/// A line of a file, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLine {
    /// Its number, from 1.
    pub line: u32,
    /// Its text, cut where it is very long.
    pub text: String,
}

/// Something that is known about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What it is: `program`, `would be`.
    pub name: String,
    /// The text.
    pub text: String,
}

/// A finding that somebody allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Waived {
    /// What was found.
    pub finding: Finding,
    /// The line of the comment that allows it.
    pub by_line: u32,
    /// Why; empty where the comment gives no reason.
    pub reason: String,
    /// The last day on which it is allowed, `2026-12-31`; absent where that is for ever.
    pub until: Option<String>,
}

/// A file that was to be checked and could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Unread {
    /// The file or folder.
    pub path: String,
    /// Why it was not read, and what to do.
    pub why: String,
}

/// A file that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Checked {
    /// The file.
    pub path: String,
    /// What it was taken for: `dockerfile`.
    pub kind: String,
}

/// What a run of checks found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckReport {
    /// What is wrong, by file and line.
    pub findings: Vec<Finding>,
    /// What is wrong and allowed.
    pub waived: Vec<Waived>,
    /// What could not be checked. Never counts as good.
    pub unread: Vec<Unread>,
    /// What was checked.
    pub checked: Vec<Checked>,
}

impl CheckReport {
    /// How many findings are of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// The worst severity found.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// What a rule is about, for `explain`, the reference page and SARIF.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RuleSheet {
    /// `DF3006`.
    pub id: String,
    /// `untagged-base-image`.
    pub name: String,
    /// The same check elsewhere.
    pub aliases: Vec<String>,
    /// The severity of its findings, where a rule does not choose a milder or a stronger one itself.
    pub severity: Severity,
    /// Whether it is asked without being named.
    pub on: bool,
    /// What it judges: `dockerfile`.
    pub subject: String,
    /// One sentence.
    pub summary: String,
    /// What it looks for, in Markdown.
    pub what: String,
    /// Why it matters, in Markdown.
    pub why: String,
    /// How to fix it, in Markdown.
    pub fix: String,
    /// Where to read more, in Markdown; empty where there is nothing.
    pub references: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(place: Option<Place>) -> Finding {
        Finding {
            rule: "DF3006".to_owned(),
            name: "untagged-base-image".to_owned(),
            aliases: vec!["DL3006".to_owned()],
            severity: Severity::Warning,
            path: "Dockerfile".to_owned(),
            place,
            message: "no tag".to_owned(),
            mark: String::new(),
            source: Vec::new(),
            notes: Vec::new(),
            fix: "name one".to_owned(),
        }
    }

    #[test]
    fn a_finding_has_its_line_beside_its_path() {
        let place = Place { line: 3, column: 6, end_line: 3, end_column: 12 };
        let json = serde_json::to_value(finding(Some(place))).unwrap();
        assert_eq!((&json["path"], &json["line"]), (&"Dockerfile".into(), &3.into()));
    }

    #[test]
    fn findings_round_trip() {
        for place in [None, Some(Place { line: 3, column: 6, end_line: 4, end_column: 1 })] {
            let json = serde_json::to_string(&finding(place)).unwrap();
            assert_eq!(serde_json::from_str::<Finding>(&json).unwrap(), finding(place));
        }
    }
}
