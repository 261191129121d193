//! Gate "build": is the artifact made from the commit?

use plimsoll_drivers::build::{BuildError, BuildOrder, Built, build};
use plimsoll_drivers::source::{SourceError, source};
use plimsoll_model::event::{Event, News};
use plimsoll_model::evidence::{Gate, GateDecision};
use plimsoll_model::release::{Source, Tree};
use plimsoll_model::service::DirtyPolicy;
use serde_json::json;

use super::{Finding, Ship, ShipError, Stop, measured};

impl Ship<'_> {
    /// The commit and the state of the tree.
    pub(super) fn source(&mut self) -> Result<Source, ShipError> {
        let facts = source(self.commands, self.project).map_err(|error| match error {
            SourceError::Cancelled { .. } => ShipError::Cancelled,
            SourceError::NoFolder { .. } => ShipError::Hosts(error.to_string()),
        })?;
        for remark in facts.remarks {
            self.tell(News::Warning { message: remark });
        }
        Ok(facts.source)
    }

    pub(super) fn build(&mut self, source: &Source) -> Result<Built, Stop> {
        let started = self.start(Gate::Build, "from the working tree");
        let question = "is the artifact made from the commit?".to_owned();
        let refused = |summary: String, values| Finding {
            gate: Gate::Build,
            release: None,
            artifact: None,
            question: question.clone(),
            measured: values,
            decision: GateDecision::Refused,
            summary,
        };
        if let (Some(summary), DirtyPolicy::Refuse) = (unclean(&source.tree), self.service.gates.dirty) {
            self.found(started, refused(summary.clone(), measured([("tree", json!(source.tree))])))?;
            let help =
                vec!["commit or stash them".to_owned(), "or set `dirty = \"warn\"` in [gates]".to_owned()];
            return Err(Stop::Refused { gate: Gate::Build, summary, help });
        }
        let result = self.run_build();
        match result {
            Ok(built) => {
                self.found(started, passed(source, &built, question))?;
                for remark in &built.remarks {
                    self.tell(News::Warning { message: remark.clone() });
                }
                Ok(built)
            }
            Err(BuildError::Cancelled { .. }) => Err(ShipError::Cancelled.into()),
            Err(error) => {
                let summary = crate::text::with_causes(&error);
                let lines = error.last_lines().to_vec();
                let values = measured([("last-lines", json!(lines))]);
                self.found(started, refused(summary.clone(), values))?;
                // What it printed last is shown with the gate.
                let help = error.hint().into_iter().collect();
                Err(Stop::Refused { gate: Gate::Build, summary, help })
            }
        }
    }

    fn run_build(&mut self) -> Result<Built, BuildError> {
        let order = BuildOrder {
            spec: &self.service.build,
            base: self.project,
            out: self.build_folder,
            name: self.service.name.as_str(),
        };
        let (clock, events) = (self.clock, &mut self.events);
        build(self.commands, &order, &mut |_, line| {
            let news = News::Output { gate: Gate::Build, line: line.to_owned() };
            events(Event { at: clock.now(), news });
        })
    }
}

fn passed(source: &Source, built: &Built, question: String) -> Finding {
    let size = std::fs::metadata(&built.artifact).map_or(0, |m| m.len());
    let dirty = match &source.tree {
        Tree::Dirty { files, .. } => Some(format!("NOT the commit: {} in the tree", changes(*files))),
        Tree::Unversioned => Some("not under version control".to_owned()),
        Tree::Clean => None,
    };
    let base = format!("{}, {}", built.platform, built.toolchain);
    Finding {
        gate: Gate::Build,
        release: None,
        artifact: None,
        question,
        measured: measured([
            ("command", json!(built.command)),
            ("toolchain", json!(built.toolchain)),
            ("platform", json!(built.platform.to_string())),
            ("size", json!(size)),
            ("commit", json!(source.commit)),
            ("tree", json!(source.tree)),
        ]),
        decision: if dirty.is_some() { GateDecision::Warned } else { GateDecision::Passed },
        summary: match dirty {
            Some(dirty) => format!("{base}; {dirty}"),
            None => format!("{base}, {}", crate::text::size(size)),
        },
    }
}

/// What keeps the tree from being exactly a commit.
fn unclean(tree: &Tree) -> Option<String> {
    match tree {
        Tree::Clean => None,
        Tree::Dirty { files, .. } => Some(format!("the tree holds {} that no commit holds", changes(*files))),
        Tree::Unversioned => Some("the tree is not under version control, or git does not answer".to_owned()),
    }
}

fn changes(files: u32) -> String {
    if files == 1 { "1 changed file".to_owned() } else { format!("{files} changed files") }
}
