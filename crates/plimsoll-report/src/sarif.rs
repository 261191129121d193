//! Findings as SARIF 2.1.0, for code scanning.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use plimsoll_model::finding::{CheckReport, Finding, RuleSheet};
use plimsoll_model::{Digest, Severity};
use serde_json::{Value, json};

use crate::annotations::fingerprint_text;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The report as one SARIF log with one run. Only rules that found something are described in it.
pub fn sarif(report: &CheckReport, rules: &[RuleSheet], version: &str) -> String {
    let all = || report.findings.iter().chain(report.waived.iter().map(|waived| &waived.finding));
    let used: Vec<&RuleSheet> =
        rules.iter().filter(|rule| all().any(|finding| finding.rule == rule.id)).collect();
    let index: BTreeMap<&str, usize> =
        used.iter().enumerate().map(|(at, rule)| (rule.id.as_str(), at)).collect();
    let mut results: Vec<Value> = report.findings.iter().map(|finding| result(finding, &index)).collect();
    results.extend(report.waived.iter().map(|waived| {
        let mut result = result(&waived.finding, &index);
        result["suppressions"] = json!([{ "kind": "inSource", "justification": waived.reason }]);
        result
    }));
    let notifications = report.unread.iter().map(|unread| {
        json!({
            "level": "error",
            "message": { "text": format!("could not be checked: {}", unread.why) },
            "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&unread.path) } } }],
        })
    });
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "plimsoll", "version": version, "rules": used.iter().map(|r| rule(r)).collect::<Vec<_>>() } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": report.unread.is_empty(),
                "toolExecutionNotifications": notifications.collect::<Vec<_>>(),
            }],
            "results": results,
        }],
    })
    .to_string()
}

fn rule(sheet: &RuleSheet) -> Value {
    json!({
        "id": sheet.id,
        "name": sheet.name,
        "shortDescription": { "text": sheet.summary },
        "fullDescription": { "text": sheet.what },
        "help": {
            "text": format!("{}\n\n{}", sheet.why, sheet.fix),
            "markdown": format!("{}\n\n**How to fix**: {}", sheet.why, sheet.fix),
        },
        "defaultConfiguration": { "level": level(sheet.severity) },
        "properties": { "tags": sheet.aliases },
    })
}

fn result(finding: &Finding, index: &BTreeMap<&str, usize>) -> Value {
    let mut location = json!({ "artifactLocation": { "uri": uri(&finding.path) } });
    if let Some(place) = finding.place {
        location["region"] = json!({
            "startLine": place.line, "startColumn": place.column, "endLine": place.end_line, "endColumn": place.end_column,
        });
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": { "text": format!("{}; fix: {}", finding.message, finding.fix) },
        "locations": [{ "physicalLocation": location }],
        "partialFingerprints": { "plimsoll/v1": Digest::of(fingerprint_text(finding).as_bytes()).to_string() },
    });
    if let Some(at) = index.get(finding.rule.as_str()) {
        result["ruleIndex"] = json!(at);
    }
    result
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A path as a URI: what may not stand in one is written as its bytes.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            write!(uri, "%{byte:02X}").expect("a string takes all");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding_fixtures::{findings, rule_sheets};

    fn has(value: &Value, keys: &[&str]) {
        for key in keys {
            assert!(value.get(key).is_some(), "`{key}` is missing in {value}");
        }
    }

    #[test]
    fn what_the_schema_requires_is_there() {
        let log: Value = serde_json::from_str(&sarif(&findings(), &rule_sheets(), "1.2.3")).unwrap();
        has(&log, &["version", "runs"]);
        let run = &log["runs"][0];
        has(run, &["tool", "results"]);
        has(&run["tool"]["driver"], &["name", "rules"]);
        has(&run["invocations"][0], &["executionSuccessful"]);
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for rule in rules {
            has(rule, &["id"]);
        }
        for result in run["results"].as_array().unwrap() {
            has(result, &["message", "ruleId", "locations"]);
            has(&result["message"], &["text"]);
            assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
            if let Some(at) = result.get("ruleIndex") {
                let at = usize::try_from(at.as_u64().unwrap()).unwrap();
                assert_eq!(rules[at]["id"], result["ruleId"]);
            }
            let region = &result["locations"][0]["physicalLocation"]["region"];
            assert!(region.is_null() || region["startLine"].as_u64().unwrap() >= 1);
        }
        let suppressed =
            run["results"].as_array().unwrap().iter().filter(|result| result.get("suppressions").is_some());
        assert_eq!(suppressed.count(), 1);
    }

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("./a b/Dockerfile#ü"), "a%20b/Dockerfile%23%C3%BC");
    }
}
