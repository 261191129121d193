//! Gate "test": the project's own regression test against the release on staging.

use plimsoll_drivers::regression::{TestError, TestOrder, TestRun, run};
use plimsoll_model::ReleaseId;
use plimsoll_model::event::{Event, News};
use plimsoll_model::evidence::{Gate, GateDecision};
use plimsoll_model::service::{Environment, TestSpec};
use serde_json::json;

use super::{Finding, Ship, ShipError, Stop, measured};

impl Ship<'_> {
    pub(super) fn test(
        &mut self,
        spec: &TestSpec,
        environment: &Environment,
        release: &ReleaseId,
    ) -> Result<(), Stop> {
        let command = spec.command.join(" ");
        let started = self.start(Gate::Test, command.clone());
        let url = self.yard.url(environment);
        let result = self.run_test(spec, environment, release, &url);
        let (decision, summary, values, help) = match result {
            Err(TestError::Cancelled { .. }) => return Err(ShipError::Cancelled.into()),
            Err(error) => {
                let help = error.hint().into_iter().collect::<Vec<_>>();
                // A test that could not run says nothing about the release, and nothing is not a pass.
                (GateDecision::Unknown, error.to_string(), measured([]), help)
            }
            Ok(run) => {
                let decision = match (run.passed(), run.remark()) {
                    (true, None) => GateDecision::Passed,
                    (true, Some(_)) => GateDecision::Warned,
                    (false, _) => GateDecision::Refused,
                };
                let help = if run.passed() { Vec::new() } else { ways_on(environment) };
                (decision, outcome(&command, &run), facts(&run), help)
            }
        };
        let stops = matches!(decision, GateDecision::Refused | GateDecision::Unknown);
        self.found(
            started,
            Finding {
                gate: Gate::Test,
                release: Some(release.clone()),
                artifact: None,
                question: format!("does the release pass `{command}` on {}?", environment.name),
                measured: values,
                decision,
                summary: summary.clone(),
            },
        )?;
        if stops { Err(Stop::Refused { gate: Gate::Test, summary, help }) } else { Ok(()) }
    }

    fn run_test(
        &mut self,
        spec: &TestSpec,
        environment: &Environment,
        release: &ReleaseId,
        url: &str,
    ) -> Result<TestRun, TestError> {
        let order = TestOrder { spec, folder: self.project, url, environment: &environment.name, release };
        let (clock, events) = (self.clock, &mut self.events);
        run(self.commands, &order, &mut |_, line| {
            let news = News::Output { gate: Gate::Test, line: line.to_owned() };
            events(Event { at: clock.now(), news });
        })
    }
}

fn outcome(command: &str, run: &TestRun) -> String {
    let counts = match (run.counts.passed, run.counts.failed) {
        (Some(passed), Some(failed)) if failed > 0 => format!("{passed} passed, {failed} failed"),
        (Some(passed), _) => format!("{passed} passed"),
        _ => run.ending.to_string(),
    };
    match run.remark() {
        Some(remark) => format!("{command}: {counts}; {remark}"),
        None if run.passed() || counts == run.ending.to_string() => format!("{command}: {counts}"),
        None => format!("{command}: {counts}; {}", run.ending),
    }
}

/// Where to look when the test failed.
fn ways_on(environment: &Environment) -> Vec<String> {
    let environment = &environment.name;
    vec![
        format!("plimsoll logs -e {environment}    what the release printed meanwhile"),
        "plimsoll ship --verbose    every line of the test".to_owned(),
    ]
}

fn facts(run: &TestRun) -> std::collections::BTreeMap<String, serde_json::Value> {
    measured([
        ("command", json!(run.command)),
        ("passed", json!(run.counts.passed)),
        ("failed", json!(run.counts.failed)),
        ("ending", json!(run.ending.to_string())),
        ("last-lines", json!(if run.passed() { &[][..] } else { &run.last_lines[..] })),
    ])
}
