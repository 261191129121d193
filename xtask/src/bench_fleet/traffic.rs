//! What a user of the service sees: a steady load on every host, whose answers say which version serves there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use plimsoll_testkit::fleet::{Client, ClientOptions, Fleet};
use plimsoll_testkit::load::Exchange;

use super::PORT;

/// Requests a second to each host; versions are therefore known to 50 ms.
pub(super) const RATE: u32 = 20;
/// How long every host must have said the same before it is believed.
const STEADY: Duration = Duration::from_secs(1);

/// When requests ended, and the page that was answered, by host.
type Seen = BTreeMap<SocketAddr, Vec<(Instant, Option<String>)>>;

pub(super) struct Traffic {
    client: Client,
    seen: Arc<Mutex<Seen>>,
}

impl Traffic {
    /// Begins. Each request has a connection of its own, so a restart costs the requests that come while nobody listens,
    /// and not every connection that was open.
    pub(super) fn start(fleet: &Fleet) -> Self {
        let addresses: Vec<SocketAddr> =
            fleet.hosts().iter().map(|host| (host.address(), PORT).into()).collect();
        let seen =
            Arc::new(Mutex::new(addresses.iter().map(|address| (*address, Vec::new())).collect::<Seen>()));
        let options = ClientOptions {
            addresses,
            rate: RATE,
            keep_alive: false,
            workers: 6,
            ..ClientOptions::default()
        };
        let notes = Arc::clone(&seen);
        let client = Client::start_with(options, move |exchange| {
            let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
            notes
                .entry(exchange.address)
                .or_default()
                .push((exchange.started + exchange.took, page(exchange)));
        });
        Self { client, seen }
    }

    /// The moment from which every host gave this version and nothing else, once that has held for a second.
    pub(super) fn serving_since(&self, version: u32) -> Option<Instant> {
        let wanted = format!("version {version}");
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let since = |answers: &Vec<(Instant, Option<String>)>| {
            let last = answers.iter().rposition(|(_, page)| page.as_deref() != Some(&wanted));
            answers.get(last.map_or(0, |last| last + 1)).map(|(at, _)| *at)
        };
        let since = seen.values().map(since).collect::<Option<Vec<_>>>()?.into_iter().max()?;
        (since.elapsed() > STEADY).then_some(since)
    }

    /// Ends, and says how many requests were lost, of how many.
    pub(super) fn stop(self) -> (usize, u64) {
        let counts = self.client.stop();
        (counts.lost.len() + usize::try_from(counts.bad).unwrap_or(usize::MAX), counts.requests)
    }
}

fn page(exchange: &Exchange) -> Option<String> {
    let answer = exchange.result.as_ref().ok()?;
    (answer.status == 200).then(|| answer.body.clone())
}
