//! What the demo has shown: written to `summary.json`, and judged.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ship::Run;

/// The least rate that counts as load.
const LEAST_RATE: f64 = 500.0;

/// Everything that was seen.
pub(super) struct Summary {
    pub(super) rows: Vec<Row>,
    pub(super) requests_per_second: f64,
}

/// What was seen of a version.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) version: u32,
    pub(super) outcome: Outcome,
    pub(super) expected: Outcome,
    pub(super) exit_code: Option<i32>,
    pub(super) requests: u64,
    pub(super) failed: u64,
    pub(super) why_failed: BTreeMap<String, u64>,
    pub(super) bad_answers: u64,
    pub(super) seconds_to_weight_0: Option<f64>,
}

/// How a version ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Promoted,
    RolledBack,
    /// Promoted, after an earlier command had been killed in the middle.
    Recovered,
    Other,
}

impl Outcome {
    /// From exit code and ending, which must agree.
    pub(super) fn of(run: &Run) -> Self {
        let ending = run.ending.as_ref().unwrap_or(&Value::Null);
        match (run.code, ending["story"]["what"].as_str()) {
            (Some(0), Some("shipped")) if ending["recovered"].is_string() => Self::Recovered,
            (Some(0), Some("shipped")) => Self::Promoted,
            (Some(11), Some("back")) => Self::RolledBack,
            _ => Self::Other,
        }
    }
}

impl Summary {
    /// The file's text, in the order in which a person reads it.
    pub(super) fn to_json(&self) -> String {
        let rounded = |number: f64, digits: f64| (number * digits).round() / digits;
        let row = |row: &Row| {
            let Row { version, requests, failed, bad_answers, .. } = row;
            let (outcome, exit_code) = (json!(row.outcome.name()), json!(row.exit_code));
            let seconds = json!(row.seconds_to_weight_0.map(|seconds| rounded(seconds, 1000.0)));
            format!(
                "    {{\"version\": {version}, \"outcome\": {outcome}, \"exit_code\": {exit_code}, \"requests\": {requests}, \
                 \"failed\": {failed}, \"bad_answers\": {bad_answers}, \"seconds_to_weight_0\": {seconds}}}"
            )
        };
        let rows = self.rows.iter().map(row).collect::<Vec<_>>().join(",\n");
        let rate = rounded(self.requests_per_second, 10.0);
        format!("{{\n  \"versions\": [\n{rows}\n  ],\n  \"requests_per_second\": {rate:.1}\n}}\n")
    }

    /// What is not as it must be.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for row in &self.rows {
            if row.outcome != row.expected {
                let (outcome, expected) = (row.outcome.name(), row.expected.name());
                problems.push(format!("v{}: {outcome} where {expected} was expected", row.version));
            }
            if row.failed > 0 {
                problems
                    .push(format!("v{}: {} requests failed: {:?}", row.version, row.failed, row.why_failed));
            }
            if row.expected == Outcome::RolledBack && row.seconds_to_weight_0.is_none() {
                problems.push(format!("v{}: weight 0 was not seen after a bad answer", row.version));
            }
        }
        if self.requests_per_second < LEAST_RATE {
            let rate = self.requests_per_second;
            problems.push(format!("{rate:.0} requests a second are less than {LEAST_RATE:.0}"));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            version: 3,
            outcome: Outcome::RolledBack,
            expected: Outcome::RolledBack,
            exit_code: Some(11),
            requests: 7000,
            failed: 0,
            why_failed: BTreeMap::new(),
            bad_answers: 17,
            seconds_to_weight_0: Some(2.12345),
        }
    }

    #[test]
    fn the_file_has_exactly_these_fields() {
        let summary = Summary { rows: vec![row()], requests_per_second: 599.96 };
        let value: Value = serde_json::from_str(&summary.to_json()).unwrap();
        let expected = json!({"versions": [{
            "version": 3, "outcome": "rolled-back", "exit_code": 11, "requests": 7000, "failed": 0, "bad_answers": 17,
            "seconds_to_weight_0": 2.123,
        }], "requests_per_second": 600.0});
        assert_eq!(value, expected);
        assert_eq!(summary.problems(), Vec::<String>::new());
    }

    #[test]
    fn a_lost_request_or_another_end_is_a_problem() {
        let lost = Row { failed: 1, why_failed: BTreeMap::from([("reset".to_owned(), 1)]), ..row() };
        let promoted = Row { outcome: Outcome::Promoted, ..row() };
        let problems = Summary { rows: vec![lost, promoted], requests_per_second: 400.0 }.problems();
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn exit_code_and_ending_must_agree() {
        let run = |code, what: &str, recovered: Value| Run {
            code: Some(code),
            ending: Some(json!({"story": {"what": what}, "recovered": recovered})),
            complaint: String::new(),
        };
        assert_eq!(Outcome::of(&run(0, "shipped", Value::Null)), Outcome::Promoted);
        assert_eq!(Outcome::of(&run(0, "shipped", json!("continued"))), Outcome::Recovered);
        assert_eq!(Outcome::of(&run(11, "back", Value::Null)), Outcome::RolledBack);
        assert_eq!(Outcome::of(&run(11, "shipped", Value::Null)), Outcome::Other);
    }
}
