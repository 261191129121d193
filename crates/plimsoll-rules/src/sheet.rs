//! Where a rule writes down what it finds.

use plimsoll_model::Severity;
use plimsoll_model::finding::{Finding, Note, Place};

use crate::rule::Rule;
use crate::source::Source;

/// Findings of one rule in one file beyond this are dropped: nobody reads them, and a file from outside shall not
/// choose how much memory is used.
pub const MOST: usize = 1000;

/// What one rule finds in one file.
#[derive(Debug)]
pub struct Sheet<'a> {
    rule: &'a Rule,
    source: &'a Source,
    findings: Vec<Finding>,
}

/// A finding that is being written.
#[derive(Debug)]
pub struct Entry<'s>(Option<&'s mut Finding>);

impl<'a> Sheet<'a> {
    /// An empty one.
    pub fn new(rule: &'a Rule, source: &'a Source) -> Self {
        Self { rule, source, findings: Vec::new() }
    }

    /// Writes a finding down: what is wrong, where, and what to do.
    pub fn add(&mut self, place: Place, message: impl Into<String>, fix: impl Into<String>) -> Entry<'_> {
        if self.findings.len() >= MOST {
            return Entry(None);
        }
        let owned = |aliases: &[&str]| aliases.iter().map(|&alias| alias.to_owned()).collect();
        self.findings.push(Finding {
            rule: self.rule.id.to_owned(),
            name: self.rule.name.to_owned(),
            aliases: owned(self.rule.aliases),
            severity: self.rule.severity,
            path: self.source.path.clone(),
            place: Some(place),
            message: message.into(),
            mark: String::new(),
            source: self.source.shown(&place),
            notes: Vec::new(),
            fix: fix.into(),
        });
        Entry(self.findings.last_mut())
    }

    /// Everything that was written down.
    pub fn findings(self) -> Vec<Finding> {
        self.findings
    }
}

impl Entry<'_> {
    /// Says what stands below the marked text.
    pub fn mark(&mut self, text: impl Into<String>) -> &mut Self {
        if let Some(finding) = &mut self.0 {
            finding.mark = text.into();
        }
        self
    }

    /// Says what else is known.
    pub fn note(&mut self, name: &str, text: impl Into<String>) -> &mut Self {
        if let Some(finding) = &mut self.0 {
            finding.notes.push(Note { name: name.to_owned(), text: text.into() });
        }
        self
    }

    /// Gives it another severity than the rule's.
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        if let Some(finding) = &mut self.0 {
            finding.severity = severity;
        }
        self
    }

    /// Masks values in the lines that are shown, so that a finding about a secret does not spread it.
    pub fn hide_values(&mut self) -> &mut Self {
        if let Some(finding) = &mut self.0 {
            finding.source.iter_mut().for_each(|line| line.text = without_values(&line.text));
        }
        self
    }
}

/// A line with `***` behind each `=`, or behind its second word where it has none.
fn without_values(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let hidden: Vec<String> = line
        .split_whitespace()
        .enumerate()
        .filter_map(|(at, word)| match word.split_once('=') {
            Some((name, "")) => Some(format!("{name}=")),
            Some((name, _)) => Some(format!("{name}=***")),
            None if at < 2 || word == "\\" => Some(word.to_owned()),
            // The rest of a value in quotes, or one that is set apart by a blank.
            None => (!line.contains('=') && at == 2).then(|| "***".to_owned()),
        })
        .collect();
    format!("{}{}", &line[..indent], hidden.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_shown() {
        for (line, shown) in [
            ("ENV API_KEY=abc", "ENV API_KEY=***"),
            ("  ENV A=\"b c d\" E= \\", "  ENV A=*** E= \\"),
            ("ENV PASSWORD hunter two", "ENV PASSWORD ***"),
            ("    PASSWORD=x", "    PASSWORD=***"),
            ("ARG TOKEN", "ARG TOKEN"),
        ] {
            assert_eq!(without_values(line), shown);
        }
    }
}
