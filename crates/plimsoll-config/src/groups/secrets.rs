//! `[run.secrets]`

use std::collections::BTreeMap;

use plimsoll_model::release::SecretReference;

use crate::document::Node;
use crate::settings::{Setting, settings};
use crate::shape::{Rule, Shape};
use crate::sink::Sink;
use crate::values::map::{Map, VariableName};
use crate::values::text::Filled;

settings! {
    /// Where a secret's value is found when an instance starts.
    ReferenceLayer, Rule::ExactlyOne(&["env", "file"]);
    /// A variable in the environment of the command that deploys.
    "env" => env: VariableName;
    /// A file on the host, by its absolute path; a final line break is not part of the value.
    "file" => file: Filled;
}

/// A reference to a secret. A value in its place is refused without being repeated.
#[derive(Debug, Clone)]
pub(crate) struct Reference(ReferenceLayer);

impl Setting for Reference {
    fn shape() -> Shape {
        ReferenceLayer::shape()
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        if node.value.as_table().is_none() {
            sink.error(
                node.key.clone(),
                format!("the secret {} must be a reference, not a value", node.name()),
            )
            .help("write { env = \"NAME\" } or { file = \"/path\" }");
            return None;
        }
        let layer = ReferenceLayer::read(node, sink)?;
        if let Some(file) = layer.file.given().filter(|at| !at.value.0.starts_with('/')) {
            sink.error(file.span.clone(), "the file of a secret needs its absolute path")
                .help("an instance does not start in the project's folder");
        }
        Some(Self(layer))
    }

    fn over(self, base: Self) -> Self {
        // `env` here and `file` there are two answers to one question: the first counts.
        drop(base);
        self
    }
}

/// Secrets by the variable that gets them.
pub(crate) type Secrets = Map<VariableName, Reference>;

impl Secrets {
    pub(crate) fn resolve(&self) -> BTreeMap<String, SecretReference> {
        let reference = |layer: &ReferenceLayer| match (layer.env.value(), layer.file.value()) {
            (Some(env), _) => Some(SecretReference::Env(env.0.clone())),
            (None, Some(file)) => Some(SecretReference::File(file.0.clone())),
            (None, None) => None,
        };
        self.given().filter_map(|(name, at)| Some((name.0.clone(), reference(&at.value.0)?))).collect()
    }
}
