//! Files that are trees (YAML, JSON, TOML), with the line of everything in them.
//!
//! Rules ask [`Node`]s by key and never see which syntax it was. What a reader cannot know (a tag of its own, a key that is
//! no text) is [`Value::Unknown`], and nobody is accused of it. Aliases of YAML share what they stand for, so that a file takes the
//! memory of its text; what they stand for all in all is bounded too, since rules walk through it.

mod json;
mod node;
mod toml;
mod yaml;

pub use node::{Key, Node, Scalar, Value};

use plimsoll_model::finding::Place;
use std::rc::Rc;

use crate::source::Source;

/// Levels below each other in one file.
const DEEPEST: usize = 100;

/// Nodes of one file, those that aliases stand for counted each time.
const MOST_NODES: u64 = 2_000_000;

/// A file as trees.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The file.
    pub source: Source,
    /// Its documents, those before a problem.
    pub documents: Vec<Rc<Node>>,
    /// Why it could not be read to its end.
    pub problem: Option<Problem>,
    /// Keys that stand twice in one map: the second one.
    pub twice: Vec<Key>,
}

/// Why a file could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is wrong there.
    pub message: String,
}

/// What a reader of one syntax gives.
type Parsed = (Vec<Rc<Node>>, Option<Problem>, Vec<Key>);

impl Tree {
    /// Reads YAML.
    pub fn yaml(source: Source) -> Self {
        let parsed = yaml::parse(&source);
        Self::new(source, parsed)
    }

    /// Reads JSON.
    pub fn json(source: Source) -> Self {
        let parsed = json::parse(&source);
        Self::new(source, parsed)
    }

    /// Reads TOML.
    pub fn toml(source: Source) -> Self {
        let parsed = toml::parse(&source);
        Self::new(source, parsed)
    }

    fn new(source: Source, (documents, mut problem, twice): Parsed) -> Self {
        // What is missing at the end is missing in the last line.
        let last = source.line_count().max(1);
        if let Some(problem) = problem.as_mut().filter(|problem| problem.place.line > last) {
            problem.place = source.whole_lines(last, last);
        }
        Self { source, documents, problem, twice }
    }

    /// The only document, or the first one.
    pub fn root(&self) -> Option<&Node> {
        self.documents.first().map(AsRef::as_ref)
    }
}
