//! Clients of every host, who ask all the time and count what they lose.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use plimsoll_testkit::load::{Client, ClientOptions, Connection, Counts};

use crate::stage::Stage;

/// Requests a second to each host.
const RATE: u32 = 25;
/// How often a host is asked what it serves.
const ASKED: usize = 6;

/// Where clients are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Where the command is.
    Ours,
    /// Beyond the host's link: they reach it when we do not.
    Theirs,
}

/// Running clients, one for each host.
pub struct Clients {
    side: Side,
    of: Vec<(String, Client)>,
}

impl Clients {
    pub fn start(stage: &Stage, side: Side) -> Self {
        let start = |address| {
            let (addresses, workers) = (vec![address], 3);
            Client::start(ClientOptions { addresses, rate: RATE, workers, ..ClientOptions::default() })
        };
        let of = stage.hosts().iter().map(|host| {
            let address = SocketAddr::from((host.address(), stage.project.port));
            let client = match side {
                Side::Ours => start(address),
                Side::Theirs => host.from_inside(|| start(address)).expect("the host's network"),
            };
            (host.name().to_owned(), client)
        });
        Self { side, of: of.collect() }
    }

    /// Whether every host has answered with a version.
    pub fn all_met(&self, version: &str) -> bool {
        self.of.iter().all(|(_, client)| client.counts().good.contains_key(version))
    }

    /// What came of it so far, by host.
    pub fn counts(&self) -> BTreeMap<&str, Counts> {
        self.of.iter().map(|(host, client)| (host.as_str(), client.counts())).collect()
    }

    /// Whether clients reach a host that we do not.
    pub fn are_beyond(&self) -> bool {
        self.side == Side::Theirs
    }

    /// What a host answers now, to new connections: each text, or why there was none.
    pub fn ask(&self, stage: &Stage, host: &str) -> Vec<String> {
        let host = stage.fleet.host(host).expect("a host of the fleet");
        let address = SocketAddr::from((host.address(), stage.project.port));
        let ask = || {
            let once = |_| match Connection::open(address).and_then(|mut to| to.get("/", true)) {
                Ok(answer) if answer.status == 200 => answer.body,
                Ok(answer) => format!("status {}", answer.status),
                Err(lost) => lost.to_string(),
            };
            (0..ASKED).map(once).collect()
        };
        match self.side {
            Side::Ours => ask(),
            Side::Theirs => host.from_inside(ask).expect("the host's network"),
        }
    }

    pub fn stop(self) -> Vec<(String, Counts)> {
        self.of.into_iter().map(|(host, client)| (host, client.stop())).collect()
    }
}
