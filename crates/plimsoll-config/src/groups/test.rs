//! `[test]`

use plimsoll_model::EnvironmentName;
use plimsoll_model::service::TestSpec;

use crate::document::quoted;
use crate::groups::file::EnvironmentNames;
use crate::settings::settings;
use crate::sink::Sink;
use crate::suggest;
use crate::values::list::Command;
use crate::values::time::SomeTime;

settings! {
    /// The regression test that runs against a deployed release before any other environment gets it.
    TestLayer;
    /// The program and its arguments; no shell reads them. `PLIMSOLL_URL` is where the service answers. Any exit
    /// code but 0 stops the release.
    "command" => command: Command, required;
    /// The environment that it runs against, which is deployed before any other.
    "environment" => environment: EnvironmentName = "\"staging\"";
    /// The longest time that it may take.
    "timeout" => timeout: SomeTime = "\"10m\"";
}

impl TestLayer {
    pub(crate) fn resolve(&self, known: &EnvironmentNames, sink: &mut Sink<'_>) -> Option<TestSpec> {
        let environment = self.environment();
        // Where no environment could be read there is something else to repair first.
        if !known.contains(&environment) && !known.is_empty() {
            let names: Vec<&str> = known.iter().map(EnvironmentName::as_str).collect();
            let near = suggest::nearest(environment.as_str(), &names);
            let span = self.environment.given().map(|at| at.span.clone());
            let span = span.or_else(|| self.command.given().map(|at| at.key.clone()))?;
            let message = format!("the test's environment {} is not declared", quoted(environment.as_str()));
            let problem = sink.error(span, message);
            match near {
                Some(near) => problem.help(format!("did you mean \"{near}\"?")),
                None => problem.help(format!("declared: {}", names.join(", "))),
            };
            return None;
        }
        Some(TestSpec { command: self.command.value()?.0.clone(), environment, timeout: self.timeout().0 })
    }
}
