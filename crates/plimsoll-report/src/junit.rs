//! Findings as JUnit's XML: a test for each file, failed where something was found in it.

use std::fmt::Write as _;

use plimsoll_model::Severity;
use plimsoll_model::finding::{CheckReport, Finding};

/// The report as XML. Remarks do not fail a test; what could not be read is an error of it.
pub fn junit(report: &CheckReport) -> String {
    let failing = |finding: &&Finding| finding.severity > Severity::Info;
    let files = report.checked.len() + report.unread.len();
    let failures = report.findings.iter().filter(failing).count();
    let errors = report.unread.len();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let mut add = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    add(format!(
        "<testsuites name=\"plimsoll check\" tests=\"{files}\" failures=\"{failures}\" errors=\"{errors}\">"
    ));
    add(format!(
        "  <testsuite name=\"plimsoll check\" tests=\"{files}\" failures=\"{failures}\" errors=\"{errors}\">"
    ));
    for checked in &report.checked {
        add(format!(
            "    <testcase name=\"{}\" classname=\"{}\">",
            escaped(&checked.path),
            escaped(&checked.kind)
        ));
        for finding in report.findings.iter().filter(|finding| finding.path == checked.path) {
            add(element(finding));
        }
        add("    </testcase>".to_owned());
    }
    for unread in &report.unread {
        add(format!("    <testcase name=\"{}\" classname=\"unread\">", escaped(&unread.path)));
        add(format!("      <error message=\"{}\"/>", escaped(&unread.why)));
        add("    </testcase>".to_owned());
    }
    add("  </testsuite>\n</testsuites>".to_owned());
    text
}

fn element(finding: &Finding) -> String {
    let line = finding.place.map_or(1, |place| place.line);
    let (rule, message) = (&finding.rule, escaped(&finding.message));
    let body = escaped(&format!("{}:{line}: {}\nfix: {}", finding.path, finding.message, finding.fix));
    if finding.severity == Severity::Info {
        return format!("      <system-out>{rule}: {body}</system-out>");
    }
    format!("      <failure type=\"{rule}\" message=\"{message}\">{body}</failure>")
}

/// Text that is safe in XML; characters that XML cannot hold at all become U+FFFD.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\t' | '\n' | '\r' => write!(safe, "&#{};", u32::from(c)).expect("a string takes all"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding_fixtures::findings;

    #[test]
    fn every_file_is_a_test() {
        let text = junit(&findings());
        assert_eq!(text.matches("<testcase").count(), 2 + 1);
        assert_eq!(text.matches("<failure").count(), 2);
        assert_eq!(text.matches("<error").count(), 1);
        assert!(text.contains("tests=\"3\" failures=\"2\" errors=\"1\""), "{text}");
    }

    #[test]
    fn text_cannot_end_an_element() {
        assert_eq!(escaped("a<b>&\"\n\u{1}"), "a&lt;b&gt;&amp;&quot;&#10;\u{fffd}");
    }
}
