//! All hosts at once: looking at them and giving them word.

use std::sync::{Mutex, PoisonError};

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
fn reason(error: HostError) -> String {
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

/// Does `work` with every host, with as many at the same time as the hosts allow. Answers come in the hosts' order.
pub(crate) fn on_all<T: Send>(
    hosts: &mut [Box<dyn Host>],
    work: impl Fn(&mut dyn Host) -> T + Sync,
) -> Vec<(HostName, T)> {
    let at_once = hosts.first().map_or(1, |host| host.at_once()).clamp(1, hosts.len().max(1));
    if at_once == 1 {
        return hosts.iter_mut().map(|host| (host.name().clone(), work(host.as_mut()))).collect();
    }
    // Whoever is done takes the next host, so that one that is slow keeps nobody but itself waiting.
    let waiting = Mutex::new(hosts.iter_mut().enumerate());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || {
        let mut done = Vec::new();
        while let Some((place, host)) = next() {
            done.push((place, (host.name().clone(), work(host.as_mut()))));
        }
        done
    };
    let mut answers: Vec<(usize, (HostName, T))> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|w| w.join().expect("a host's thread does not panic")).collect()
    });
    answers.sort_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Counted {
        name: HostName,
        at_once: usize,
    }

    impl Host for Counted {
        fn name(&self) -> &HostName {
            &self.name
        }

        fn at_once(&self) -> usize {
            self.at_once
        }

        fn call(
            &mut self,
            _: &ServiceName,
            _: Option<Fence>,
            _: Request,
            _: &[u8],
        ) -> Result<Response, HostError> {
            Ok(Response::Done)
        }
    }

    #[test]
    fn no_more_hosts_are_worked_on_than_allowed_and_answers_keep_their_order() {
        let host = |n| Counted { name: format!("web{n}").parse().unwrap(), at_once: 3 };
        let mut hosts: Vec<Box<dyn Host>> = (0..10).map(|n| Box::new(host(n)) as Box<dyn Host>).collect();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let answers = on_all(&mut hosts, |host| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(20));
            now.fetch_sub(1, Ordering::SeqCst);
            host.name().to_string()
        });
        assert!(most.into_inner() <= 3);
        let expected: Vec<String> = (0..10).map(|n| format!("web{n}")).collect();
        assert_eq!(answers.into_iter().map(|(_, name)| name).collect::<Vec<_>>(), expected);
    }
}
