//! `plimsoll logs`: what the instances print, of all hosts in the order of time.
//!
//! Following is a thread for each host, so that a slow one holds up nobody; where this side prints more slowly than they
//! write, they are asked more slowly, and nothing piles up here. A host that does not answer is said once and
//! asked again; where it went on is where its reader stopped, so restarts of agents lose nothing that is still kept.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::time::Duration;

use plimsoll_drivers::{Clock as _, Host, HostError, SystemClock};
use plimsoll_engine::fleet;
use plimsoll_model::agent::{LogCursor, LogLine, Request, Response};
use plimsoll_model::{ExitCode, HostName, ReleaseId, ServiceName, Timestamp};
use plimsoll_report::{Names, log_line};

use super::work::show_warnings;
use crate::cli::Logs;
use crate::failure::Failure;
use crate::hosts::check_patterns;
use crate::output::{Output, remark};
use crate::project::Project;
use crate::signals;

/// How often new lines are asked for. Lines of one look are put in the order of time.
const POLL: Duration = Duration::from_millis(250);
/// Answers of hosts, of at most a megabyte each, that wait to be printed.
const WAITING: usize = 16;
/// Newest lines that are shown where nobody says how many.
const NEWEST: u32 = 100;
/// The same where a time is given: as many as a host gives at once.
const SINCE: u32 = 10_000;

pub(crate) fn run(config: &Path, output: Output, arguments: &Logs) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = project.environment(arguments.chosen.environment.as_ref())?;
    let named = arguments.release.as_ref().map(|r| super::deploy::named(&project, r)).transpose()?;
    let names = project.names()?;
    check_patterns([environment], &arguments.hosts.patterns)?;
    let mut hosts = project.running_hosts(environment, &arguments.hosts.patterns)?;
    let after = arguments.since.map(|since| {
        let now = SystemClock.now().as_millis();
        let since = u64::try_from(since.duration().as_millis()).unwrap_or(u64::MAX);
        LogCursor { at: Timestamp::from_millis(now.saturating_sub(since)), seen: 0 }
    });
    let lines = arguments.lines.unwrap_or(if after.is_some() { SINCE } else { NEWEST });
    let reader = Reader { service: &project.service.name, release: named.map(|r| r.release), lines, after };
    let printer = Printer { output, names, several: hosts.len() > 1 };
    if arguments.follow {
        follow(&mut hosts, &reader, &printer)?;
        return Ok(ExitCode::Success);
    }
    once(&mut hosts, environment.target.parallel(), &reader, &printer)
}

/// What is asked of each host.
struct Reader<'r> {
    service: &'r ServiceName,
    release: Option<ReleaseId>,
    lines: u32,
    after: Option<LogCursor>,
}

/// Lines of a host.
type Found = (Vec<LogLine>, Option<LogCursor>);

impl Reader<'_> {
    fn read(&self, host: &mut dyn Host, lines: u32, after: Option<LogCursor>) -> Result<Found, String> {
        let request = Request::Logs { release: self.release.clone(), instance: None, lines, after };
        match host.call(self.service, None, request, &[]) {
            Ok(Response::Lines { lines, cursor }) => Ok((lines, cursor)),
            Ok(_) => Err("the agent gave another answer".to_owned()),
            Err(HostError::Unreachable { why, .. }) => Err(why),
            Err(HostError::Refused(refusal)) => Err(refusal.message),
        }
    }
}

/// What there is now: the newest lines of all hosts together.
fn once(
    hosts: &mut [Box<dyn Host>],
    parallel: usize,
    reader: &Reader<'_>,
    printer: &Printer,
) -> Result<ExitCode, Failure> {
    let answers = fleet::on_all(hosts, parallel, |host| reader.read(host, reader.lines, reader.after));
    let (mut found, mut silent) = (Vec::new(), 0);
    let all = answers.len();
    for (host, answer) in answers {
        match answer {
            Ok((lines, _)) => found.extend(lines.into_iter().map(|line| (host.clone(), line))),
            Err(why) if all == 1 => {
                return Err(Failure::new(ExitCode::Unreachable, format!("{host} does not answer: {why}"))
                    .help("nothing runs in this environment, or its agent was stopped: plimsoll status"));
            }
            Err(why) => {
                silent += 1;
                remark(&format!("{host}: does not answer: {why}"));
            }
        }
    }
    in_order(&mut found);
    let surplus = found.len().saturating_sub(usize::try_from(reader.lines).unwrap_or(usize::MAX));
    printer.print(&found[surplus..])?;
    Ok(if silent == 0 { ExitCode::Success } else { ExitCode::Unreachable })
}

/// Goes on until Ctrl-C, or until nobody reads any more.
fn follow(hosts: &mut [Box<dyn Host>], reader: &Reader<'_>, printer: &Printer) -> Result<(), Failure> {
    let cancel = signals::cancel_flag();
    if hosts.is_empty() {
        return Ok(());
    }
    std::thread::scope(|scope| {
        let (sender, heard) = mpsc::sync_channel::<(HostName, Vec<LogLine>)>(WAITING);
        for host in hosts {
            let (sender, cancel) = (sender.clone(), &cancel);
            scope.spawn(move || follow_host(host.as_mut(), reader, &sender, cancel));
        }
        drop(sender);
        let mut printed = Ok(());
        while !cancel.load(Ordering::Relaxed) && printed.is_ok() {
            std::thread::sleep(POLL);
            // No more at a time than may wait: hosts that go on and on shall not be listened to without printing.
            let answers = heard.try_iter().take(WAITING);
            let of_host = |(host, lines): (HostName, Vec<LogLine>)| {
                lines.into_iter().map(move |line| (host.clone(), line))
            };
            let mut batch: Vec<_> = answers.flat_map(of_host).collect();
            in_order(&mut batch);
            printed = printer.print(&batch);
        }
        // The readers look at it between two looks at their hosts; one that waits to be heard sees that nobody listens.
        cancel.store(true, Ordering::Relaxed);
        drop(heard);
        printed
    })
}

fn follow_host(
    host: &mut dyn Host,
    reader: &Reader<'_>,
    sender: &SyncSender<(HostName, Vec<LogLine>)>,
    cancel: &AtomicBool,
) {
    let name = host.name().clone();
    let (mut lines, mut cursor, mut silent) = (reader.lines, reader.after, false);
    while !cancel.load(Ordering::Relaxed) {
        match reader.read(host, lines, cursor) {
            Ok((found, next)) => {
                if std::mem::take(&mut silent) {
                    remark(&format!("{name}: answers again"));
                }
                (lines, cursor) = (u32::MAX, next.or(cursor));
                // Whoever listens has gone only where everything ends.
                if !found.is_empty() && sender.send((name.clone(), found)).is_err() {
                    return;
                }
            }
            Err(why) => {
                if !std::mem::replace(&mut silent, true) {
                    remark(&format!("{name}: does not answer: {why}; asking again"));
                }
            }
        }
        std::thread::sleep(POLL);
    }
}

fn in_order(lines: &mut [(HostName, LogLine)]) {
    // Stable: lines of one host and time stay as the host gave them.
    lines.sort_by_key(|(_, line)| line.at);
}

/// How lines are shown.
struct Printer {
    output: Output,
    names: Names,
    several: bool,
}

impl Printer {
    fn print(&self, lines: &[(HostName, LogLine)]) -> Result<(), Failure> {
        for (host, line) in lines {
            let value = serde_json::json!({
                "host": host, "at": line.at, "instance": line.instance, "stream": line.stream, "text": line.text,
            });
            let shown = self.several.then_some(host);
            self.output.print(&value, |style| log_line(shown, line, &self.names, style) + "\n")?;
        }
        Ok(())
    }
}
