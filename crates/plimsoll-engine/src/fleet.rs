//! All hosts at once: looking at them and giving them word.

use plimsoll_drivers::{Host, HostError};
use plimsoll_model::agent::{Refusal, Request, Response};
use plimsoll_model::observation::{FleetObservation, LostHost, SeenHost};
use plimsoll_model::{Fence, HostName, ServiceName};

/// Asks every host what it sees, at the same time.
pub fn observe(hosts: &mut [Box<dyn Host>], service: &ServiceName) -> FleetObservation {
    let mut fleet = FleetObservation::default();
    for (host, answer) in on_all(hosts, |host| host.call(service, None, Request::Observe, &[])) {
        match answer {
            Ok(Response::Observed { observation }) => {
                fleet.hosts.push(SeenHost { host, seen: *observation });
            }
            Ok(_) => fleet.unreachable.push(LostHost { host, reason: "it gave another answer".to_owned() }),
            Err(error) => fleet.unreachable.push(LostHost { host, reason: reason(error) }),
        }
    }
    fleet
}

/// Why a host is of no use now. Its name is said by whoever tells this.
pub(crate) fn reason(error: HostError) -> String {
    match error {
        HostError::Unreachable { why, .. } => why,
        HostError::Refused(Refusal { message, help: Some(help), .. }) => format!("{message}; {help}"),
        HostError::Refused(refusal) => refusal.message,
    }
}

/// Tells every host that the coordinator lives. Answers with a host that has seen a newer coordinator, if one has.
pub(crate) fn confirm(
    hosts: &mut [Box<dyn Host>],
    service: &ServiceName,
    fence: Fence,
) -> Result<(), HostName> {
    let answers = on_all(hosts, |host| host.call(service, Some(fence), Request::Confirm, &[]));
    let stale = answers.into_iter().find(|(_, answer)| matches!(answer, Err(error) if is_stale(error)));
    stale.map_or(Ok(()), |(host, _)| Err(host))
}

/// Whether the host refused because it has seen a newer coordinator.
pub(crate) fn is_stale(error: &HostError) -> bool {
    use plimsoll_model::agent::RefusalReason::StaleFence;
    matches!(error, HostError::Refused(refusal) if refusal.reason == StaleFence)
}

/// Does `work` with every host, each on a thread of its own where there are several.
pub(crate) fn on_all<T: Send>(
    hosts: &mut [Box<dyn Host>],
    work: impl Fn(&mut dyn Host) -> T + Sync,
) -> Vec<(HostName, T)> {
    if let [only] = hosts {
        return vec![(only.name().clone(), work(only.as_mut()))];
    }
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = hosts
            .iter_mut()
            .map(|host| (host.name().clone(), scope.spawn(move || work(host.as_mut()))))
            .collect();
        let join = |(name, thread): (_, std::thread::ScopedJoinHandle<'_, T>)| {
            (name, thread.join().expect("a host's thread does not panic"))
        };
        threads.into_iter().map(join).collect()
    })
}
