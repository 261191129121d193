//! Runs one command on hosts, as the instances run there, and passes on what it prints.
//!
//! No lease is needed: nothing that a rollout is about is changed. The hosts are shown the newest token that any of them
//! has seen, so that a coordinator at work is not shut out and an old one does not get in.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::time::{Duration, Instant};

use plimsoll_drivers::{Host, HostError};
use plimsoll_model::agent::{LogLine, OnceOrder, OnceState, Request, Response};
use plimsoll_model::{Fence, HostName, ServiceName};

use crate::fleet;

/// How often a running command is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long a host may be silent beyond the command's own time.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of output that are passed on from each host.
const MOST_OUTPUT: usize = 8 * 1024 * 1024;
/// Answers of hosts, of at most a megabyte each, that wait for a slow reader; then hosts are asked more slowly.
const WAITING: usize = 16;

/// What is heard of a host while its command runs.
#[derive(Debug)]
pub enum Heard {
    /// It printed.
    Lines(Vec<LogLine>),
    /// Something that a person should know.
    Remark(String),
}

/// How the command ended on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostEnd {
    /// It ran.
    Ended {
        /// Its exit code, where it has one.
        code: Option<i32>,
        /// How it ended, as a fragment.
        how: String,
    },
    /// It did not run, or nobody knows how it ended.
    Failed {
        /// Why.
        why: String,
        /// Whether the host could not be reached.
        unreachable: bool,
    },
}

/// A command on its way to hosts.
#[derive(Debug)]
pub struct Exec<'e> {
    /// The service.
    pub service: &'e ServiceName,
    /// The token that hosts are shown.
    pub fence: Fence,
    /// What to run.
    pub order: OnceOrder,
    /// Set by Ctrl-C: the command is ended everywhere.
    pub cancel: &'e AtomicBool,
}

impl Exec<'_> {
    /// Runs it on all hosts, `parallel` at the same time, and answers when it is over everywhere.
    pub fn run(
        &self,
        hosts: &mut [Box<dyn Host>],
        parallel: usize,
        hear: &mut dyn FnMut(&HostName, Heard),
    ) -> Vec<(HostName, HostEnd)> {
        std::thread::scope(|scope| {
            let (sender, heard) = mpsc::sync_channel(WAITING);
            let running = scope.spawn(move || {
                fleet::on_all(hosts, parallel, |host| {
                    OnHost { exec: self, host, sender: sender.clone(), passed: 0 }.run()
                })
            });
            for (host, heard) in heard {
                hear(&host, heard);
            }
            running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

/// The command on one host.
struct OnHost<'h, 'e> {
    exec: &'h Exec<'e>,
    host: &'h mut dyn Host,
    sender: SyncSender<(HostName, Heard)>,
    passed: usize,
}

impl OnHost<'_, '_> {
    fn run(mut self) -> HostEnd {
        if self.exec.cancel.load(Ordering::Relaxed) {
            return failed("it was ended before its turn came", false);
        }
        let begun = Instant::now();
        // The first request is sent again where it is not known whether it arrived: it runs once in any case.
        let mut request = Request::Once { order: self.exec.order.clone() };
        let (mut cursor, mut silent, mut ended) = (None, None, false);
        let most = self.exec.order.timeout.duration() + PATIENCE;
        loop {
            match self.ask(request.clone()) {
                Ok(Response::Once { state, lines, cursor: next, .. }) => {
                    silent = None;
                    let more = !lines.is_empty();
                    self.pass(lines);
                    cursor = next.or(cursor);
                    match state {
                        // Its last lines may have been written after its end was seen.
                        OnceState::Ended { code, how } if !more => return HostEnd::Ended { code, how },
                        _ => {}
                    }
                }
                Ok(_) => return failed("the agent gave another answer", false),
                Err(HostError::Refused(refusal)) => {
                    let help = refusal.help.map_or(String::new(), |help| format!("; {help}"));
                    return failed(&format!("{}{help}", refusal.message), false);
                }
                Err(HostError::Unreachable { why, .. }) => {
                    let since = *silent.get_or_insert_with(|| {
                        self.say(Heard::Remark(format!("does not answer: {why}; trying again")));
                        Instant::now()
                    });
                    if since.elapsed() > PATIENCE || begun.elapsed() > most {
                        return failed(&why, true);
                    }
                }
            }
            if self.exec.cancel.load(Ordering::Relaxed) && !ended {
                ended = self.ask(Request::EndOnce { key: self.exec.order.key.clone() }).is_ok();
            }
            std::thread::sleep(LOOK);
            if silent.is_none() {
                request = Request::OnceState { key: self.exec.order.key.clone(), after: cursor };
            }
        }
    }

    fn ask(&mut self, request: Request) -> Result<Response, HostError> {
        let fence = request.is_fenced().then_some(self.exec.fence);
        self.host.call(self.exec.service, fence, request, &[])
    }

    fn pass(&mut self, lines: Vec<LogLine>) {
        if lines.is_empty() || self.passed > MOST_OUTPUT {
            return;
        }
        self.passed += lines.iter().map(|line| line.text.len()).sum::<usize>();
        self.say(Heard::Lines(lines));
        if self.passed > MOST_OUTPUT {
            self.say(Heard::Remark(
                "prints too much; the rest is not shown (`plimsoll logs` has it)".to_owned(),
            ));
        }
    }

    fn say(&self, heard: Heard) {
        // Nobody listens any more only where the command itself is ending.
        let _ = self.sender.send((self.host.name().clone(), heard));
    }
}

fn failed(why: &str, unreachable: bool) -> HostEnd {
    HostEnd::Failed { why: why.to_owned(), unreachable }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use plimsoll_model::Span;

    use super::*;

    /// A host on which the command runs until it was looked at twice.
    struct Busy {
        name: HostName,
        looks: usize,
        running: Arc<AtomicUsize>,
        most: Arc<AtomicUsize>,
    }

    impl Host for Busy {
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
            if matches!(request, Request::Once { .. }) {
                let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
                self.most.fetch_max(now, Ordering::SeqCst);
            }
            self.looks += 1;
            let state = match self.looks {
                1 | 2 => OnceState::Running { until: plimsoll_model::Timestamp::default() },
                _ => {
                    self.running.fetch_sub(1, Ordering::SeqCst);
                    OnceState::Ended { code: Some(0), how: "exited with code 0".to_owned() }
                }
            };
            let release = "0123456789ab".parse().unwrap();
            Ok(Response::Once { state, release, lines: Vec::new(), cursor: None })
        }
    }

    fn ends(cancelled: bool) -> (usize, Vec<(HostName, HostEnd)>) {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let host = |n| {
            let name = format!("web{n}").parse().unwrap();
            Box::new(Busy { name, looks: 0, running: Arc::clone(&running), most: Arc::clone(&most) })
        };
        let mut hosts: Vec<Box<dyn Host>> = (0..6).map(|n| host(n) as Box<dyn Host>).collect();
        let order = OnceOrder {
            key: "exec-1".to_owned(),
            rollout: None,
            release: None,
            instance: None,
            command: vec!["true".to_owned()],
            variables: BTreeMap::new(),
            secrets: BTreeMap::new(),
            timeout: Span::from_secs(10),
        };
        let (service, cancel) = ("greeter".parse().unwrap(), AtomicBool::new(cancelled));
        let exec = Exec { service: &service, fence: Fence(1), order, cancel: &cancel };
        let ends = exec.run(&mut hosts, 2, &mut |_, _| {});
        (most.load(Ordering::SeqCst), ends)
    }

    #[test]
    fn no_more_hosts_run_it_at_once_than_may() {
        let (most, ends) = ends(false);
        assert!(most <= 2, "{most}");
        assert_eq!(ends.len(), 6);
        assert!(ends.iter().all(|(_, end)| matches!(end, HostEnd::Ended { code: Some(0), .. })), "{ends:?}");
    }

    #[test]
    fn hosts_whose_turn_has_not_come_are_left_alone_when_it_is_ended() {
        let (most, ends) = ends(true);
        assert_eq!(most, 0);
        assert!(ends.iter().all(|(_, end)| matches!(end, HostEnd::Failed { unreachable: false, .. })));
    }
}
