//! `[environments.<environment>.rollout]`: how a release comes in.

use plimsoll_model::release::RunSpec;
use plimsoll_model::rollout::{AnalysisSpec, Policy, RolloutSpec, Step};
use plimsoll_model::{Quantity, Share};

use crate::document::quoted;
use crate::groups::analysis::{AnalysisLayer, DEFAULT_NAME, TOTAL_ALPHA};
use crate::groups::steps::{Await, StepEntry};
use crate::settings::settings;
use crate::sink::Sink;
use crate::slot::At;
use crate::suggest;
use crate::values::list::List;
use crate::values::quantity::SomeOf;
use crate::values::time::{SomeTime, Time};

settings! {
    /// How a release comes in. Without steps it takes all traffic as soon as it is proved healthy; after the last
    /// step it does so in any case.
    RolloutLayer;
    /// The steps, in order: `{ set-weight = "5%" }`, `{ pause = "10m" }`, `{ analysis = "10m" }`,
    /// `{ approve = "who" }`.
    "steps" => steps: List<StepEntry> = "[]";
    /// What is watched from the first weight on. A rollout that sets weights and declares none gets `errors`: at
    /// most 1 % errors, as the proxy counts them.
    "analysis" => analysis: List<AnalysisLayer>;
    /// Hosts that are changed at the same time, a number or a share of all (rounded down, at least one). The next ones
    /// follow when these serve the new release and are proved.
    "max-parallel" => max_parallel: SomeOf = "\"25%\"";
    /// Hosts that may be out of reach, a number or a share of all (rounded down): as many are set aside, and the rollout
    /// goes on without them. `plimsoll deploy --converge` brings them level when they are back.
    "max-unavailable" => max_unavailable: Quantity = "0";
    /// Time without any progress after which the rollout goes back. Every healthy instance and every step is
    /// progress; waiting in a pause or for a person does not count.
    "progress-deadline" => progress_deadline: SomeTime = "\"10m\"";
    /// Time without word from the coordinator after which the host goes back by itself.
    "dead-man-switch" => dead_man_switch: Time<5000> = "\"1m\"";
    /// Time that a person has to answer a hold, an open pause or an approval; then the rollout goes back.
    "person-deadline" => person_deadline: SomeTime = "\"1d\"";
    /// What follows when an analysis ends with neither verdict.
    "on-inconclusive" => on_inconclusive: Policy = "\"hold\"";
    /// What follows when canary and stable are both bad.
    "on-shared-degradation" => on_shared_degradation: Policy = "\"roll-back\"";
}

impl RolloutLayer {
    pub(crate) fn resolve(&self, at: Option<&At<Self>>, run: &RunSpec, sink: &mut Sink<'_>) -> RolloutSpec {
        let steps = self.steps();
        let canary =
            steps.0.iter().any(|step| step.value.0.set_weight.value().is_some_and(|w| w.0 < Share::ALL));
        report_weights(&steps, sink);
        let layers = self.analyses(canary, sink);
        let tests: usize = layers.iter().map(AnalysisLayer::tests).sum();
        let shared = TOTAL_ALPHA / tests.max(1) as f64;
        let named: Vec<(String, Vec<AnalysisSpec>)> = layers
            .iter()
            .filter_map(|layer| Some((layer.name.value()?.0.clone(), layer.resolve(shared))))
            .collect();
        // A name that could not be read may be the one that a step means.
        let complete =
            named.len() == layers.len() && (self.analysis.is_absent() || self.analysis.given().is_some());
        self.report_analyses(canary, &named, sink);
        let spec = RolloutSpec {
            steps: steps.0.iter().filter_map(|step| resolve_step(step, &named, complete, sink)).collect(),
            analyses: named.into_iter().flat_map(|(_, specs)| specs).collect(),
            progress_deadline: self.progress_deadline().0,
            dead_man_switch: self.dead_man_switch().0,
            person_deadline: self.person_deadline().0,
            on_inconclusive: self.on_inconclusive(),
            on_shared_degradation: self.on_shared_degradation(),
            max_parallel: self.max_parallel().0,
            max_unavailable: self.max_unavailable(),
        };
        if spec.progress_deadline <= run.health.healthy_deadline
            && let Some(at) = at
        {
            let span =
                self.progress_deadline.given().map_or(at.span.clone(), |deadline| deadline.span.clone());
            sink.warn(span, "`progress-deadline` is not longer than `run.health.healthy-deadline`")
                .label(format!("{} against {}", spec.progress_deadline, run.health.healthy_deadline))
                .help("the rollout may go back while an instance still has time to become healthy");
        }
        spec
    }

    /// What is watched: as declared, or the default of a canary.
    fn analyses(&self, canary: bool, sink: &mut Sink<'_>) -> Vec<AnalysisLayer> {
        if self.analysis.is_absent() && canary {
            return vec![AnalysisLayer::default_errors()];
        }
        let Some(declared) = self.analysis.given() else { return Vec::new() };
        if declared.value.0.is_empty() && canary {
            sink.warn(declared.span.clone(), "nothing watches the canary")
                .help("leave `analysis` out to have its error rate watched");
        }
        for at in &declared.value.0 {
            at.value.check(at, sink);
        }
        declared.value.0.iter().map(|at| at.value.clone()).collect()
    }

    /// Names that are given twice, and analyses that no canary ever feeds.
    fn report_analyses(&self, canary: bool, named: &[(String, Vec<AnalysisSpec>)], sink: &mut Sink<'_>) {
        let Some(declared) = self.analysis.given() else { return };
        if let (false, Some(first)) = (canary || !self.steps.is_absent(), declared.value.0.first()) {
            sink.warn(
                first.span.clone(),
                "the analysis has nothing to watch: no step gives a canary a part of the traffic",
            )
            .help("add steps = [{ set-weight = \"5%\" }, { analysis = \"10m\" }] to the rollout");
        }
        let mut taken: Vec<&str> = Vec::new();
        for at in &declared.value.0 {
            let Some(name) = at.value.name.given() else { continue };
            let twice = declared.value.0.iter().filter(|other| other.value.name.value() == Some(&name.value));
            let first = twice.min_by_key(|other| other.span.start).is_some_and(|other| other.span == at.span);
            let entry =
                named.iter().find(|(known, _)| *known == name.value.0).map(|(_, specs)| specs.as_slice());
            let specs = if first { entry.unwrap_or_default() } else { &[] };
            let clash = specs.iter().any(|spec| taken.contains(&spec.name.as_str()));
            if !first || clash {
                sink.error(name.span.clone(), format!("there is another analysis named {}", quoted(&name.value.0)))
                    .help("give each a name of its own; one table with several checks makes `<name>-errors` and so on");
            }
            taken.extend(specs.iter().map(|spec| spec.name.as_str()));
        }
    }
}

/// A canary's weight only grows, and a last part before all is given time to show something.
fn report_weights(steps: &List<StepEntry>, sink: &mut Sink<'_>) {
    let mut before: Option<Share> = None;
    for step in &steps.0 {
        let hosts = step.value.0.hosts.given();
        if let Some(hosts) = hosts.filter(|_| step.value.0.set_weight.is_absent()) {
            sink.error(hosts.key.clone(), "`hosts` has a meaning only beside `set-weight`")
                .help("write { set-weight = \"5%\", hosts = 1 }");
        }
        let Some(weight) = step.value.0.set_weight.given() else { continue };
        // A weight of some hosts is no share of all traffic: the two cannot be compared.
        if hosts.is_some() {
            before = None;
            continue;
        }
        if let Some(before) = before.filter(|before| weight.value.0 < *before) {
            sink.error(weight.span.clone(), format!("the weight falls from {before} to {}", weight.value.0))
                .label(format!("less than {before} before"))
                .help("weights of a rollout only grow; it goes back by itself when the release is bad");
        }
        before = Some(weight.value.0);
    }
    let last = steps.0.last().and_then(|step| step.value.0.set_weight.given());
    if let Some(last) = last.filter(|last| last.value.0 < Share::ALL) {
        sink.warn(last.span.clone(), format!("after {} the release takes all traffic at once", last.value.0))
            .label("the last step")
            .help("add { analysis = \"10m\" } or { pause = \"10m\" } behind it");
    }
    let first_wait = steps.0.iter().take_while(|step| step.value.0.set_weight.is_absent());
    for step in first_wait {
        if let Some(analysis) = step.value.0.analysis.given() {
            sink.warn(analysis.key.clone(), "no request reaches the release before the first `set-weight`")
                .help("put { set-weight = \"5%\" } before it");
        }
    }
}

fn resolve_step(
    at: &At<StepEntry>,
    named: &[(String, Vec<AnalysisSpec>)],
    complete: bool,
    sink: &mut Sink<'_>,
) -> Option<Step> {
    let layer = &at.value.0;
    if let Some(analysis) = layer.analysis.given().filter(|_| named.is_empty() && complete) {
        sink.error(analysis.key.clone(), "there is no analysis to wait for")
            .help("declare one with [[environments.<environment>.rollout.analysis]], or use `pause`");
    }
    layer.resolve(|analysis| resolve_names(analysis, named, complete, sink))
}

/// The analyses that a step names. The name of a table stands for all that it makes.
fn resolve_names(
    analysis: &Await,
    named: &[(String, Vec<AnalysisSpec>)],
    complete: bool,
    sink: &mut Sink<'_>,
) -> Vec<String> {
    let Await::Some(layer) = analysis else { return Vec::new() };
    let mut names: Vec<String> = Vec::new();
    for wanted in &layer.names().0 {
        let group = named.iter().find(|(name, _)| *name == wanted.value.0);
        let single = || named.iter().flat_map(|(_, specs)| specs).find(|spec| spec.name == wanted.value.0);
        let found: Vec<String> = match group {
            Some((_, specs)) => specs.iter().map(|spec| spec.name.clone()).collect(),
            None => single().into_iter().map(|spec| spec.name.clone()).collect(),
        };
        if group.is_none() && found.is_empty() && complete {
            report_unknown_name(wanted, named, sink);
        }
        names.extend(found.into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>());
    }
    names
}

fn report_unknown_name(
    wanted: &At<crate::values::text::Filled>,
    named: &[(String, Vec<AnalysisSpec>)],
    sink: &mut Sink<'_>,
) {
    let mut known: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
    known.extend(named.iter().flat_map(|(_, specs)| specs).map(|spec| spec.name.as_str()));
    known.dedup();
    let near = if sink.is_full() { None } else { suggest::nearest(&wanted.value.0, &known) };
    let problem =
        sink.error(wanted.span.clone(), format!("there is no analysis named {}", quoted(&wanted.value.0)));
    match near {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None if known == [DEFAULT_NAME] => problem.help(format!("the only one is `{DEFAULT_NAME}`")),
        None => problem.help(format!("declared: {}", known[..known.len().min(8)].join(", "))),
    };
}
