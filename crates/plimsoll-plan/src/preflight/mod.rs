//! Are the hosts fit for what is asked of them? Facts about a host are held against what a person declared and what a
//! release needs; each question leaves one [`Finding`], also where the answer is yes.
//!
//! An error is what makes a release certainly fail there, or a declared minimum that is not met. Everything that may
//! only become a problem is a warning, and what could not be found out is unknown, never good and never bad.
//!
//! One file for each group of questions: `program` (what the release needs to start), `place` (the root folder
//! and its disk), `network` (ports, firewall, declared servers), `machine` (processor, memory, kernel, clock and other
//! declared minimums).

mod machine;
mod network;
mod place;
mod program;
mod sheet;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use plimsoll_model::HostName;
use plimsoll_model::facts::{FactsOrder, HostFacts, Probe};
use plimsoll_model::preflight::{Finding, ReleaseNeeds, Requires, Skew};

use sheet::Sheet;

/// What is asked of every host of an environment.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// What a person declared.
    pub requires: &'q Requires,
    /// Where the service will listen.
    pub listen: SocketAddr,
    /// Instances on each host.
    pub instances: u32,
    /// What the release needs; absent where there is none yet.
    pub release: Option<&'q ReleaseNeeds>,
}

/// One host's answer.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'s> {
    /// The host.
    pub host: &'s HostName,
    /// What it is.
    pub facts: &'s HostFacts,
    /// How far its clock is from ours; absent where that was not measured.
    pub skew: Option<Skew>,
}

impl Question<'_> {
    /// What has to be asked of a host to answer the question.
    pub fn order(&self) -> FactsOrder {
        let mut probes = self.requires.probes();
        let secrets = self.release.iter().flat_map(|release| &release.secret_files);
        probes.extend(secrets.map(|path| Probe::File { path: path.clone() }));
        probes.sort();
        probes.dedup();
        FactsOrder {
            listen: Some(self.listen),
            release: self.release.map(|release| release.release.clone()),
            program: self.release.and_then(|release| release.program.clone()).map(Box::new),
            probes,
        }
    }
}

/// Judges one host. Findings are in the order in which a person would repair them.
pub fn judge(question: &Question<'_>, seen: &Seen<'_>) -> Vec<Finding> {
    let mut sheet = Sheet::new(seen.host);
    program::judge(&mut sheet, question, seen.facts);
    place::judge(&mut sheet, question, seen.facts);
    network::judge(&mut sheet, question, seen.facts);
    machine::judge(&mut sheet, question, seen);
    sheet.findings()
}
