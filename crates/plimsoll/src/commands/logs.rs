//! `plimsoll logs`: what the instances print.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use plimsoll_drivers::Host;
use plimsoll_engine::journal::Query;
use plimsoll_model::agent::{LogCursor, LogLine, Request, Response};
use plimsoll_model::{ExitCode, HostName, ReleaseId};
use plimsoll_report::{Names, log_line};

use super::work::show_warnings;
use crate::cli::Logs;
use crate::failure::Failure;
use crate::hosts::check_patterns;
use crate::output::{Output, remark};
use crate::project::Project;
use crate::signals;

/// How often new lines are asked for.
const POLL: Duration = Duration::from_millis(250);

pub(crate) fn run(config: &Path, output: Output, arguments: &Logs) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = project.environment(arguments.chosen.environment.as_ref())?;
    let named = arguments.release.as_ref().map(|r| super::deploy::named(&project, r)).transpose()?;
    let release = named.map(|r| r.release);
    let names = Names::from_records(&project.records(&Query::default())?);
    check_patterns([environment], &arguments.hosts.patterns)?;
    let mut hosts = project.running_hosts(environment, &arguments.hosts.patterns)?;
    let mut cursors: Vec<Option<LogCursor>> = vec![None; hosts.len()];
    let cancel = signals::cancel_flag();
    let mut lines = arguments.lines;
    let mut silent: BTreeSet<HostName> = BTreeSet::new();
    loop {
        for (host, cursor) in hosts.iter_mut().zip(&mut cursors) {
            let request = ask(release.as_ref(), lines, *cursor);
            match read(&project, host.as_mut(), request) {
                Ok((found, next)) => {
                    *cursor = next.or(*cursor);
                    silent.remove(host.name());
                    print(output, host.name(), &found, &names)?;
                }
                // The others' lines are still worth reading; each silence is told once.
                Err(failure) if silent.insert(host.name().clone()) => remark(&failure.message),
                Err(_) => {}
            }
        }
        if !hosts.is_empty() && silent.len() == hosts.len() {
            return Err(Failure::new(ExitCode::Unreachable, "no host answers")
                .help("nothing runs in this environment, or its agent was stopped: plimsoll status"));
        }
        if !arguments.follow || cancel.load(std::sync::atomic::Ordering::Relaxed) || hosts.is_empty() {
            return Ok(ExitCode::Success);
        }
        lines = u32::MAX;
        std::thread::sleep(POLL);
    }
}

fn ask(release: Option<&ReleaseId>, lines: u32, after: Option<LogCursor>) -> Request {
    Request::Logs { release: release.cloned(), instance: None, lines, after }
}

fn read(
    project: &Project,
    host: &mut dyn Host,
    request: Request,
) -> Result<(Vec<LogLine>, Option<LogCursor>), Failure> {
    match host.call(&project.service.name, None, request, &[]) {
        Ok(Response::Lines { lines, cursor }) => Ok((lines, cursor)),
        Ok(_) => Err(Failure::new(ExitCode::Internal, "the agent gave another answer")),
        Err(error) => Err(Failure::new(ExitCode::Unreachable, error.to_string())),
    }
}

fn print(output: Output, host: &HostName, lines: &[LogLine], names: &Names) -> Result<(), Failure> {
    for line in lines {
        output.print(line, |style| log_line(host, line, names, style) + "\n")?;
    }
    Ok(())
}
