//! All hosts at once: looking at them and giving them word.

use std::sync::Mutex;

use plimsoll_drivers::{Host, HostError};
use plimsoll_model::agent::{Refusal, Request, Response};
use plimsoll_model::observation::{FleetObservation, LostHost, SeenHost};
use plimsoll_model::{Fence, HostName, ServiceName};

/// Asks every host what it sees, `parallel` at the same time.
pub fn observe(hosts: &mut [Box<dyn Host>], parallel: usize, service: &ServiceName) -> FleetObservation {
    let mut fleet = FleetObservation::default();
    for (host, answer) in on_all(hosts, parallel, |host| host.call(service, None, Request::Observe, &[])) {
        match answer {
            Ok(Response::Observed { observation }) => {
                fleet.hosts.push(SeenHost { host, seen: *observation });
            }
            Ok(_) => fleet.unreachable.push(lost(host, "it gave another answer".to_owned())),
            Err(error) => fleet.unreachable.push(lost(host, reason(error))),
        }
    }
    fleet
}

fn lost(host: HostName, reason: String) -> LostHost {
    LostHost { host, reason, since: None }
}

/// Why a host is of no use now. Its name is said by whoever tells this.
pub(crate) fn reason(error: HostError) -> String {
    match error {
        HostError::Unreachable { why, .. } => why,
        HostError::Refused(Refusal { message, help: Some(help), .. }) => format!("{message}; {help}"),
        HostError::Refused(refusal) => refusal.message,
    }
}

/// Tells these hosts that the coordinator lives. Answers with a host that has seen a newer coordinator, if one has.
pub(crate) fn confirm<'h>(
    hosts: impl IntoIterator<Item = &'h mut Box<dyn Host>>,
    parallel: usize,
    service: &ServiceName,
    fence: Fence,
) -> Result<(), HostName> {
    let answers = on_each(hosts, parallel, |host| host.call(service, Some(fence), Request::Confirm, &[]));
    let stale = answers.into_iter().find(|(_, answer)| matches!(answer, Err(error) if is_stale(error)));
    stale.map_or(Ok(()), |(host, _)| Err(host))
}

/// Whether the host refused because it has seen a newer coordinator.
pub(crate) fn is_stale(error: &HostError) -> bool {
    use plimsoll_model::agent::RefusalReason::StaleFence;
    matches!(error, HostError::Refused(refusal) if refusal.reason == StaleFence)
}

/// Does `work` with every host, `parallel` at the same time.
pub fn on_all<T: Send>(
    hosts: &mut [Box<dyn Host>],
    parallel: usize,
    work: impl Fn(&mut dyn Host) -> T + Sync,
) -> Vec<(HostName, T)> {
    on_each(hosts, parallel, work)
}

/// Does `work` with each of these hosts, `parallel` at the same time. The answers come in the order of the hosts.
pub(crate) fn on_each<'h, T: Send>(
    hosts: impl IntoIterator<Item = &'h mut Box<dyn Host>>,
    parallel: usize,
    work: impl Fn(&mut dyn Host) -> T + Sync,
) -> Vec<(HostName, T)> {
    let hosts: Vec<_> = hosts.into_iter().collect();
    let threads = parallel.clamp(1, hosts.len().max(1));
    let do_one = |host: &mut Box<dyn Host>| (host.name().clone(), work(host.as_mut()));
    if threads == 1 {
        return hosts.into_iter().map(do_one).collect();
    }
    let count = hosts.len();
    let queue = Mutex::new(hosts.into_iter().enumerate());
    let next = || queue.lock().expect("taking from a queue does not panic").next();
    let worker = || {
        let mut done = Vec::with_capacity(count / threads + 1);
        while let Some((at, host)) = next() {
            done.push((at, do_one(host)));
        }
        done
    };
    let mut answers: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|w| w.join().expect("a host's thread does not panic")).collect()
    });
    answers.sort_unstable_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Counted(HostName);

    impl Host for Counted {
        fn name(&self) -> &HostName {
            &self.0
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
        let host = |n| Counted(format!("web{n}").parse().unwrap());
        let mut hosts: Vec<Box<dyn Host>> = (0..10).map(|n| Box::new(host(n)) as Box<dyn Host>).collect();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let answers = on_all(&mut hosts, 3, |host| {
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
