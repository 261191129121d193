//! `plimsoll logs`: what the instances print.

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
use crate::output::Output;
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
    let names = Names::from_records(&project.journal()?.read(&Query::default())?);
    let mut hosts = project.running_hosts(environment)?;
    let cancel = signals::cancel_flag();
    let mut cursor = None;
    let mut lines = arguments.lines;
    loop {
        for host in &mut hosts {
            let request = ask(release.as_ref(), lines, cursor);
            let (found, next) = read(&project, host.as_mut(), request)?;
            cursor = next.or(cursor);
            print(output, host.name(), &found, &names)?;
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
        Err(error) => Err(Failure::new(ExitCode::Unreachable, error.to_string())
            .help("nothing runs in this environment, or its agent was stopped: plimsoll status")),
    }
}

fn print(output: Output, host: &HostName, lines: &[LogLine], names: &Names) -> Result<(), Failure> {
    for line in lines {
        output.print(line, |style| log_line(host, line, names, style) + "\n")?;
    }
    Ok(())
}
