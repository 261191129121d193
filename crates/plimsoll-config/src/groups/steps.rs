//! `steps` of a rollout, in Argo Rollouts' words.

use plimsoll_model::rollout::Step;
use plimsoll_model::{Share, Span};
use toml::de::DeValue;

use crate::document::Node;
use crate::settings::{Setting, is_word, settings};
use crate::shape::{Rule, Shape, Table};
use crate::sink::Sink;
use crate::values::list::List;
use crate::values::quantity::HostsOf;
use crate::values::text::Filled;
use crate::values::time::SomeTime;

settings! {
    /// One step of a rollout.
    StepLayer, Rule::ExactlyOne(&["set-weight", "pause", "analysis", "approve"]);
    /// Give the new release this share of the traffic: `"5%"`, or whole percents as a number.
    "set-weight" => set_weight: Weight;
    /// Beside `set-weight`: the hosts that take part, each with that share of its own traffic: `"all"`, a number, or a
    /// share. Left out, as few hosts as the weight needs take part, with as much of their traffic as makes it that share
    /// of all: 5 % of ten hosts is half of the requests to one.
    "hosts" => hosts: HostsOf;
    /// Stay here for a time, or until a person resumes (`"until-resumed"` or `{}`).
    "pause" => pause: Pause;
    /// Stay here until the analyses show that the release is good, at most for this time.
    "analysis" => analysis: Await;
    /// Wait until a person approves; the text says who is asked.
    "approve" => approve: Approve;
}

/// A step is read as a table; text gets a hint of what was meant.
#[derive(Debug, Clone)]
pub(crate) struct StepEntry(pub(crate) StepLayer);

impl Setting for StepEntry {
    fn shape() -> Shape {
        StepLayer::shape()
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        if node.value.as_table().is_none() {
            node.wrong("a table with one key", sink)
                .help("write { set-weight = \"5%\" }, { pause = \"10m\" }, { analysis = \"10m\" } or { approve = \"who\" }");
            return None;
        }
        StepLayer::read(node, sink).map(Self)
    }
}

impl StepLayer {
    /// The step as the model has it; `names` turns what an analysis step names into analyses.
    pub(crate) fn resolve(&self, names: impl FnOnce(&Await) -> Vec<String>) -> Option<Step> {
        if let Some(weight) = self.set_weight.value() {
            return Some(Step::SetWeight { weight: weight.0, hosts: self.hosts.value().map(|of| of.0) });
        }
        if let Some(pause) = self.pause.value() {
            return Some(Step::Pause { duration: pause.0 });
        }
        if let Some(analysis) = self.analysis.value() {
            return Some(Step::Analysis { names: names(analysis), duration: analysis.duration()? });
        }
        self.approve.value().map(|approve| Step::Approve { by: approve.0.clone() })
    }
}

/// A weight: a share, or whole percents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weight(pub(crate) Share);

impl Setting for Weight {
    fn shape() -> Shape {
        Shape::OneOf(vec![Share::shape(), Shape::Whole { min: 0, max: 100 }])
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let percent = node.whole().and_then(|whole| u32::try_from(whole).ok()).filter(|whole| *whole <= 100);
        let share = percent.map(Share::percent).or_else(|| node.text().and_then(|text| text.parse().ok()));
        if share.is_none() {
            let problem = node.wrong("a share as \"5%\", or whole percents from 0 to 100", sink);
            if let DeValue::Float(number) = node.value {
                problem.help(format!(
                    "`{number}` could mean a fraction or percents: write \"{number}%\" or \"5%\""
                ));
            } else if let Some(number) =
                node.text().filter(|text| text.parse::<u32>().is_ok_and(|n| n <= 100))
            {
                problem.help(format!("write \"{number}%\""));
            }
        }
        share.map(Self)
    }
}

/// A pause: a time, or none for one that a person ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause(pub(crate) Option<Span>);

/// A table in which nothing may stand.
const NOTHING: Table = Table { id: "Nothing", about: "An empty table.", keys: &[], rule: Rule::Free };

fn is_empty_table(node: &Node<'_>) -> bool {
    node.value.as_table().is_some_and(toml::de::DeTable::is_empty)
}

impl Setting for Pause {
    fn shape() -> Shape {
        let word = Shape::Words(&[("until-resumed", "until a person resumes")]);
        Shape::OneOf(vec![SomeTime::shape(), word, Shape::Table(NOTHING)])
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        if is_word(node.value, "until-resumed") || is_empty_table(node) {
            return Some(Self(None));
        }
        if node.value.as_table().is_some() {
            node.wrong("a time, \"until-resumed\" or {}", sink).help("write pause = \"10m\"");
            return None;
        }
        if node.text().is_some_and(|text| text.starts_with(|c: char| c.is_ascii_alphabetic())) {
            node.wrong("a time as \"10m\", or \"until-resumed\"", sink);
            return None;
        }
        SomeTime::read(node, sink).map(|time| Self(Some(time.0)))
    }
}

/// An approval: who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Approve(pub(crate) Option<String>);

impl Setting for Approve {
    fn shape() -> Shape {
        Shape::OneOf(vec![Filled::shape(), Shape::Table(NOTHING)])
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        if is_empty_table(node) {
            return Some(Self(None));
        }
        Filled::read(node, sink).map(|by| Self(Some(by.0)))
    }
}

settings! {
    /// Which analyses a step waits for, and how long.
    AwaitLayer;
    /// Names of the analyses; without it, all.
    "names" => names: List<Filled> = "[]";
    /// The longest wait; then `on-inconclusive` decides.
    "duration" => duration: SomeTime, required;
}

/// What an analysis step waits for: short as a time, long as a table.
#[derive(Debug, Clone)]
pub(crate) enum Await {
    /// For all analyses.
    All(Span),
    /// As the table says.
    Some(AwaitLayer),
}

impl Await {
    fn duration(&self) -> Option<Span> {
        match self {
            Self::All(span) => Some(*span),
            Self::Some(layer) => layer.duration.value().map(|time| time.0),
        }
    }
}

impl Setting for Await {
    fn shape() -> Shape {
        Shape::OneOf(vec![SomeTime::shape(), AwaitLayer::shape()])
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        if node.value.as_table().is_some() {
            return AwaitLayer::read(node, sink).map(Self::Some);
        }
        SomeTime::read(node, sink).map(|time| Self::All(time.0))
    }
}
