//! All hosts at once: looking at them and giving them word.
//!
//! A host that hangs holds up the turn for as long as its call may last. The others must hear from us meanwhile, or
//! their dead man's switches would go off for a fault that is not theirs: [`Word`].

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use plimsoll_drivers::{Host, HostError};
use plimsoll_model::agent::{Refusal, Request, Response};
use plimsoll_model::observation::{FleetObservation, LostHost, SeenHost};
use plimsoll_model::{Fence, HostName, ServiceName};

/// Asks every host what it sees, `parallel` at the same time.
pub fn observe(hosts: &mut [Box<dyn Host>], parallel: usize, service: &ServiceName) -> FleetObservation {
    observe_with_word(hosts, parallel, service, None)
}

/// The same, with word for those that have answered while others have not.
pub(crate) fn observe_with_word(
    hosts: &mut [Box<dyn Host>],
    parallel: usize,
    service: &ServiceName,
    word: Option<&Word<'_>>,
) -> FleetObservation {
    let mut fleet = FleetObservation::default();
    let look = |host: &mut dyn Host| host.call(service, None, Request::Observe, &[]);
    for (host, answer) in on_each(hosts, parallel, look, word) {
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

/// That the coordinator lives, for hosts whose switches are armed.
#[derive(Debug)]
pub(crate) struct Word<'a> {
    /// To whom.
    pub(crate) to: &'a HashSet<HostName>,
    /// How often.
    pub(crate) every: Duration,
    pub(crate) service: &'a ServiceName,
    pub(crate) fence: Fence,
}

impl Word<'_> {
    fn say(&self, host: &mut dyn Host) -> Result<Response, HostError> {
        host.call(self.service, Some(self.fence), Request::Confirm, &[])
    }

    /// Gives word to these, again and again, until the others are done as well. A host that takes it no more is found out by
    /// the next look.
    fn keep(&self, mut hosts: Vec<&mut Box<dyn Host>>, others: &Pending) {
        hosts.retain(|host| self.to.contains(host.name()));
        while !hosts.is_empty() && !others.are_done_within(self.every) {
            hosts.retain_mut(|host| self.say(host.as_mut()).is_ok());
        }
    }
}

/// Calls that are not answered yet.
struct Pending {
    count: Mutex<usize>,
    done: Condvar,
}

/// One of them, while it is waited for; also where it ends in a panic, which must not keep the others for ever.
struct Waited<'p>(&'p Pending);

impl Drop for Waited<'_> {
    fn drop(&mut self) {
        *self.0.count.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.done.notify_all();
    }
}

impl Pending {
    fn are_done_within(&self, time: Duration) -> bool {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.done.wait_timeout_while(count, time, |count| *count > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
    }
}

/// Tells the hosts that the coordinator lives. Answers with a host that has seen a newer coordinator, if one has.
pub(crate) fn confirm(hosts: &mut [Box<dyn Host>], parallel: usize, word: &Word<'_>) -> Result<(), HostName> {
    let hosts = hosts.iter_mut().filter(|host| word.to.contains(host.name()));
    let answers = on_each(hosts, parallel, |host| word.say(host), Some(word));
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
    on_each(hosts, parallel, work, None)
}

/// Does `work` with each of these hosts, `parallel` at the same time. The answers come in the order of the hosts. Those that
/// are done get word until all are.
pub(crate) fn on_each<'h, T: Send>(
    hosts: impl IntoIterator<Item = &'h mut Box<dyn Host>>,
    parallel: usize,
    work: impl Fn(&mut dyn Host) -> T + Sync,
    word: Option<&Word<'_>>,
) -> Vec<(HostName, T)> {
    let hosts: Vec<_> = hosts.into_iter().collect();
    let threads = parallel.clamp(1, hosts.len().max(1));
    let do_one = |host: &mut Box<dyn Host>| (host.name().clone(), work(host.as_mut()));
    if threads == 1 {
        return hosts.into_iter().map(do_one).collect();
    }
    let count = hosts.len();
    let pending = Pending { count: Mutex::new(count), done: Condvar::new() };
    let queue = Mutex::new(hosts.into_iter().enumerate());
    let next = || queue.lock().expect("taking from a queue does not panic").next();
    let worker = || {
        let mut done = Vec::with_capacity(count / threads + 1);
        let mut answered = Vec::new();
        while let Some((at, host)) = next() {
            let waited = Waited(&pending);
            done.push((at, do_one(host)));
            drop(waited);
            answered.push(host);
        }
        if let Some(word) = word {
            word.keep(answered, &pending);
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

    /// Answers a look only after a while, where it hangs; counts the words that it gets.
    struct Hanging {
        name: HostName,
        hangs: Duration,
        words: std::sync::Arc<AtomicUsize>,
    }

    impl Host for Hanging {
        fn name(&self) -> &HostName {
            &self.name
        }

        fn call(
            &mut self,
            _: &ServiceName,
            _: Option<Fence>,
            request: Request,
            _: &[u8],
        ) -> Result<Response, HostError> {
            match request {
                Request::Confirm => {
                    self.words.fetch_add(1, Ordering::SeqCst);
                }
                _ => std::thread::sleep(self.hangs),
            }
            Ok(Response::Done)
        }
    }

    #[test]
    fn hosts_get_word_while_another_one_hangs() {
        let words: Vec<_> = (0..3).map(|_| std::sync::Arc::new(AtomicUsize::new(0))).collect();
        let host = |(n, words): (usize, &std::sync::Arc<AtomicUsize>)| Hanging {
            name: format!("web{n}").parse().unwrap(),
            hangs: Duration::from_millis(if n == 0 { 400 } else { 0 }),
            words: words.clone(),
        };
        let mut hosts: Vec<_> =
            words.iter().enumerate().map(host).map(|h| Box::new(h) as Box<dyn Host>).collect();
        let to = ["web0", "web1"].map(|name| name.parse().unwrap()).into();
        let service = "greeter".parse().unwrap();
        let word = Word { to: &to, every: Duration::from_millis(20), service: &service, fence: Fence(1) };
        observe_with_word(&mut hosts, 3, &service, Some(&word));
        let heard: Vec<usize> = words.iter().map(|words| words.load(Ordering::SeqCst)).collect();
        assert!(heard[0] == 0 && heard[1] > 3 && heard[2] == 0, "{heard:?}");
    }
}
