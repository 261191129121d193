//! `cargo xtask layers`: a crate exists to forbid a dependency. Here is which may use which, held against
//! `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::workspace;

/// What a crate may use of ours.
enum Uses {
    These(&'static [&'static str]),
    All,
}

struct Layer {
    name: &'static str,
    holds: &'static str,
    uses: Uses,
    /// No async, no clock, no environment, no network, not even below its libraries.
    pure: bool,
}

/// From the inside to the outside.
const LAYERS: &[Layer] = &[
    pure(
        "plimsoll-model",
        "the nouns: ids, digests, shares, release, instance, plan, observation, verdict, event, journal record, exit \
         code; versions of every stored or sent format",
        &[],
    ),
    pure(
        "plimsoll-config",
        "`plimsoll.toml`: text to a resolved service, or all its problems with places and suggestions; schema, \
         reference page, `init`",
        &["plimsoll-model"],
    ),
    pure(
        "plimsoll-artifact",
        "bytes in, facts or bytes out: ELF, Go build information, signatures, the inspection gate, sealed release \
         folders",
        &["plimsoll-model"],
    ),
    pure(
        "plimsoll-rules",
        "the registry of checks, one file per check; parsers of what is checked; waivers; findings",
        &["plimsoll-model", "plimsoll-artifact"],
    ),
    pure(
        "plimsoll-plan",
        "planner, judges, sequential tests, `decide(state, observation, now)`",
        &["plimsoll-model"],
    ),
    layer(
        "plimsoll-proxy",
        "the data plane: a weighted, draining HTTP proxy that counts what each release answers",
        &["plimsoll-model"],
    ),
    layer(
        "plimsoll-agent",
        "the host's side: release store, instances and their shims, routing, fence, dead man's switch",
        &["plimsoll-model", "plimsoll-artifact", "plimsoll-proxy"],
    ),
    layer(
        "plimsoll-drivers",
        "the coordinator's reach: hosts, clock, metrics sources, builders, version control, the project's test",
        &["plimsoll-model"],
    ),
    layer(
        "plimsoll-engine",
        "runs plans: one file per step, journal, leases, recovery, the gates of `ship`; emits events",
        &["plimsoll-model", "plimsoll-config", "plimsoll-artifact", "plimsoll-plan", "plimsoll-drivers"],
    ),
    layer("plimsoll-report", "events and records as text for people and as JSON lines", &["plimsoll-model"]),
    all(
        "plimsoll",
        "the binary: arguments, one file per command, exit codes; the only crate that prints or exits",
    ),
    all(
        "plimsoll-testkit",
        "a simulated world with faults and scripts over it, fleets of real test hosts, a load client; nothing shipped uses it",
    ),
    all("xtask", "the doors of the workspace; nothing shipped uses it"),
];

/// Crates that nothing shipped may use.
const FOR_WORK_ONLY: [&str; 2] = ["plimsoll-testkit", "xtask"];

/// What brings async, clocks, the network or the environment into a program.
const IMPURE: [&str; 17] = [
    "async-std",
    "clap",
    "curl",
    "hyper",
    "hyper-util",
    "mio",
    "polling",
    "reqwest",
    "rusqlite",
    "rustls",
    "signal-hook",
    "smol",
    "socket2",
    "time",
    "tokio",
    "ureq",
    "chrono",
];

const fn pure(name: &'static str, holds: &'static str, uses: &'static [&'static str]) -> Layer {
    Layer { name, holds, uses: Uses::These(uses), pure: true }
}

const fn layer(name: &'static str, holds: &'static str, uses: &'static [&'static str]) -> Layer {
    Layer { name, holds, uses: Uses::These(uses), pure: false }
}

const fn all(name: &'static str, holds: &'static str) -> Layer {
    Layer { name, holds, uses: Uses::All, pure: false }
}

pub(crate) fn run() -> Result<ExitCode> {
    let problems = problems()?;
    for problem in &problems {
        println!("{problem}");
    }
    if problems.is_empty() {
        println!("every crate keeps to its layer");
        return Ok(ExitCode::SUCCESS);
    }
    println!("hint: the table is in xtask/src/layers.rs; docs/design/architecture.md says what it is for");
    Ok(ExitCode::FAILURE)
}

/// What does not keep to the table.
pub(crate) fn problems() -> Result<Vec<String>> {
    let metadata =
        workspace::read(workspace::cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    let graph = Graph::read(&serde_json::from_str(&metadata).context("cargo's metadata are no JSON")?)?;
    Ok(graph.ours.iter().flat_map(|name| check(name, &graph)).collect())
}

/// The table for the design note.
pub(crate) fn table() -> String {
    let mut text = String::from("| crate | what lives there | may use of ours |\n|---|---|---|\n");
    for layer in LAYERS {
        let uses = match &layer.uses {
            Uses::All => "all".to_owned(),
            Uses::These([]) => "nothing".to_owned(),
            Uses::These(names) => {
                names.iter().map(|n| n.trim_start_matches("plimsoll-")).collect::<Vec<_>>().join(", ")
            }
        };
        let mark = if layer.pure { " (pure)" } else { "" };
        writeln!(text, "| `{}`{mark} | {} | {uses} |", layer.name, layer.holds).expect("a string takes all");
    }
    text
}

fn check(name: &str, graph: &Graph) -> Vec<String> {
    let Some(layer) = LAYERS.iter().find(|layer| layer.name == name) else {
        return vec![format!("{name} is not in the table of crates: say there what it holds and may use")];
    };
    let mut problems = Vec::new();
    for used in graph.uses(name).filter(|used| graph.ours.contains(*used)) {
        let allowed = match layer.uses {
            Uses::All => true,
            Uses::These(names) => names.contains(&used.as_str()),
        };
        if !allowed {
            problems.push(format!("{name} uses {used}, which its layer forbids"));
        } else if FOR_WORK_ONLY.contains(&used.as_str()) && !FOR_WORK_ONLY.contains(&name) {
            problems.push(format!("{name} is shipped and uses {used}, which is not"));
        }
    }
    if layer.pure {
        let below = graph.everything_below(name);
        let found = below.iter().filter(|used| IMPURE.contains(&used.as_str()));
        problems.extend(found.map(|used| {
            format!(
                "{name} is pure and uses {used}, which brings async, a clock, the environment or the network"
            )
        }));
    }
    problems
}

/// Who uses whom, by name, in what is shipped: without what only tests use.
struct Graph {
    ours: BTreeSet<String>,
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn read(metadata: &Value) -> Result<Self> {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let names: BTreeMap<String, String> =
            list(&metadata["packages"]).iter().map(|p| (text(&p["id"]), text(&p["name"]))).collect();
        let name =
            |id: &Value| names.get(&text(id)).cloned().context("cargo's metadata name no such package");
        let mut ours = BTreeSet::new();
        for id in list(&metadata["workspace_members"]) {
            ours.insert(name(&id)?);
        }
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            let uses = edges.entry(name(&node["id"])?).or_default();
            for used in list(&node["deps"]) {
                // `null` is a normal dependency; the others are `dev` and `build`.
                if list(&used["dep_kinds"]).iter().any(|kind| kind["kind"].is_null()) {
                    uses.insert(name(&used["pkg"])?);
                }
            }
        }
        Ok(Self { ours, edges })
    }

    fn uses(&self, name: &str) -> impl Iterator<Item = &String> {
        self.edges.get(name).into_iter().flatten()
    }

    fn everything_below(&self, name: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![name.to_owned()];
        while let Some(next) = open.pop() {
            for used in self.uses(&next) {
                if found.insert(used.clone()) {
                    open.push(used.clone());
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &[&str])]) -> Graph {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Graph {
            ours: edges
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .filter(|n| n.contains("plimsoll"))
                .collect(),
            edges: edges.iter().map(|(name, uses)| ((*name).to_owned(), owned(uses))).collect(),
        }
    }

    #[test]
    fn a_layer_below_may_not_look_up() {
        let graph = graph(&[("plimsoll-model", &["plimsoll-plan"]), ("plimsoll-plan", &["plimsoll-model"])]);
        assert_eq!(check("plimsoll-plan", &graph), Vec::<String>::new());
        assert_eq!(
            check("plimsoll-model", &graph),
            ["plimsoll-model uses plimsoll-plan, which its layer forbids"]
        );
    }

    #[test]
    fn purity_holds_below_libraries_too() {
        let graph = graph(&[("plimsoll-plan", &["innocent"]), ("innocent", &["tokio"])]);
        let problems = check("plimsoll-plan", &graph);
        assert!(problems.len() == 1 && problems[0].contains("tokio"), "{problems:?}");
    }

    #[test]
    fn what_is_shipped_does_not_use_the_testkit() {
        let graph = graph(&[("plimsoll", &["plimsoll-testkit"]), ("plimsoll-testkit", &[])]);
        assert_eq!(
            check("plimsoll", &graph),
            ["plimsoll is shipped and uses plimsoll-testkit, which is not"]
        );
        assert!(check("plimsoll-new", &graph)[0].contains("not in the table"));
    }

    #[test]
    fn the_workspace_keeps_to_the_table() {
        assert_eq!(problems().unwrap(), Vec::<String>::new());
    }
}
