//! What came of the requests.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::SystemTime;

use super::Exchange;

/// Requests by what came of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub requests: u64,
    /// Answers below 400.
    pub ok: u64,
    /// Answers with 5xx that the service gave.
    pub bad: u64,
    /// Requests that no instance answered, and those that were answered as if they were wrong.
    pub lost: Vec<Loss>,
    /// Good answers by their text.
    pub good: BTreeMap<String, u64>,
    /// Answers by the release that gave them.
    pub releases: BTreeMap<String, u64>,
}

/// A request that was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// When it was sent.
    pub at: SystemTime,
    /// Where to.
    pub address: SocketAddr,
    /// `refused`, `reset`, `timed out`, `garbled`, or the status and text of an answer that no instance gave.
    pub why: String,
}

impl Counts {
    /// Counts one more.
    pub(super) fn add(&mut self, exchange: &Exchange) {
        self.requests += 1;
        let Ok(answer) = &exchange.result else {
            self.lose(exchange);
            return;
        };
        if let Some(release) = &answer.release {
            *self.releases.entry(release.clone()).or_default() += 1;
        }
        match answer.status {
            ..400 => {
                self.ok += 1;
                *self.good.entry(answer.body.clone()).or_default() += 1;
            }
            _ if exchange.is_lost() => self.lose(exchange),
            _ => self.bad += 1,
        }
    }

    fn lose(&mut self, exchange: &Exchange) {
        let why = match &exchange.result {
            Ok(answer) => format!("{} {}", answer.status, answer.body.trim()),
            Err(lost) => lost.to_string(),
        };
        self.lost.push(Loss { at: exchange.at, address: exchange.address, why });
    }
}
