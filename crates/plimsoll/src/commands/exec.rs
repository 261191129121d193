//! `plimsoll exec -- COMMAND`: runs a command on hosts as the service's user, with the release's environment.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_drivers::command::{CommandOrder, shown};
use plimsoll_drivers::{Clock as _, SystemClock};
use plimsoll_engine::exec::{Exec, Heard, HostEnd};
use plimsoll_engine::fleet;
use plimsoll_engine::world::Secrets as _;
use plimsoll_model::agent::{LogLine, LogStream, OnceOrder};
use plimsoll_model::record::Operation;
use plimsoll_model::release::SecretReference;
use plimsoll_model::service::Environment;
use plimsoll_model::{ExitCode, HostName, Secret};

use super::work::show_warnings;
use crate::cli;
use crate::content::EnvironmentSecrets;
use crate::failure::Failure;
use crate::hosts::check_patterns;
use crate::output::{Output, complain, remark};
use crate::project::Project;
use crate::{operation, signals};

/// Exit code of a command that has none of its own: it was ended, or could not be run.
const NO_CODE: u8 = 124;

/// Runs it; the exit code is the highest that it gave on any host.
pub(crate) fn run(config: &Path, output: Output, arguments: &cli::Exec) -> u8 {
    everywhere(config, output, arguments).unwrap_or_else(|failure| {
        complain(&failure, output.is_json());
        failure.exit.number()
    })
}

fn everywhere(config: &Path, output: Output, arguments: &cli::Exec) -> Result<u8, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = project.environment(arguments.chosen.environment.as_ref())?;
    let release = arguments.release.as_ref().map(|r| super::deploy::named(&project, r)).transpose()?;
    let release = release.map(|known| known.release);
    check_patterns([environment], &arguments.hosts.patterns)?;
    project.greet([environment])?;
    let mut hosts = project.running_hosts(environment, &arguments.hosts.patterns)?;
    let seen = fleet::observe(&mut hosts, environment.target.parallel(), &project.service.name);
    let lost: Vec<HostName> = seen.unreachable.iter().map(|lost| lost.host.clone()).collect();
    for host in &seen.unreachable {
        remark(&format!("{}: not reached: {}", host.host, host.reason));
    }
    hosts.retain(|host| !lost.contains(host.name()));
    if hosts.is_empty() {
        return Err(Failure::new(
            ExitCode::Unreachable,
            format!("no host of `{}` answers", environment.name),
        )
        .help("plimsoll status    what runs where"));
    }
    let fence = operation::newest_token(&seen);
    let key = format!("exec-{}-{}", SystemClock.now().as_millis(), std::process::id());
    let ran = Operation::Exec {
        key: key.clone(),
        hosts: operation::answering(&seen),
        release: release.clone(),
        command: masked(&arguments.command),
    };
    operation::record(&project, Some(environment), ran, Some(fence))?;
    let cancel = signals::cancel_flag();
    let order = OnceOrder {
        key: key.clone(),
        rollout: None,
        release,
        instance: arguments.instance,
        command: arguments.command.clone(),
        variables: BTreeMap::new(),
        secrets: secrets(environment),
        timeout: arguments.timeout,
    };
    let exec = Exec { service: &project.service.name, fence, order, cancel: &cancel };
    let several = hosts.len() + lost.len() > 1;
    let parallel = environment.target.parallel();
    let ends = exec.run(&mut hosts, parallel, &mut |host, heard| pass_on(output, host, several, heard));
    let results = ends.iter().map(|(host, end)| (host.clone(), words(end))).collect();
    let ended = Operation::ExecEnded { key, results };
    operation::record(&project, Some(environment), ended, None)?;
    for (host, end) in ends.iter().filter(|(_, end)| code(end) != 0) {
        remark(&format!("{host}: {}", words(end)));
    }
    let unreached = if lost.is_empty() { 0 } else { ExitCode::Unreachable.number() };
    Ok(ends.iter().map(|(_, end)| code(end)).max().unwrap_or(0).max(unreached))
}

/// The values that the release may ask for and that are set here.
fn secrets(environment: &Environment) -> BTreeMap<String, Secret> {
    let from_here = environment.run.secrets.iter().filter_map(|(variable, reference)| match reference {
        SecretReference::Env(from) => Some((variable.clone(), EnvironmentSecrets.variable(from)?)),
        SecretReference::File(_) => None,
    });
    from_here.collect()
}

/// The command for the journal, without what its arguments say is secret.
fn masked(command: &[String]) -> String {
    let (program, args) = command.split_first().expect("the command line asks for one");
    shown(&CommandOrder::new(program, ".").args(args))
}

fn pass_on(output: Output, host: &HostName, several: bool, heard: Heard) {
    match heard {
        Heard::Remark(text) => remark(&format!("{host}: {text}")),
        // What the agent remarks is told as the end.
        Heard::Lines(lines) => {
            lines.iter().filter(|line| line.stream != LogStream::Agent).for_each(|line| {
                // A reader that has gone does not end the command on the hosts.
                let _ = show(output, host, several, line);
            });
        }
    }
}

fn show(output: Output, host: &HostName, several: bool, line: &LogLine) -> Result<(), Failure> {
    let text = if several { format!("{host} | {}", line.text) } else { line.text.clone() };
    if line.stream == LogStream::Stderr && !output.is_json() {
        remark(&text);
        return Ok(());
    }
    let value = serde_json::json!({ "host": host, "stream": line.stream, "text": line.text, "at": line.at });
    output.print(&value, |_| text + "\n")
}

fn words(end: &HostEnd) -> String {
    match end {
        HostEnd::Ended { how, .. } => how.clone(),
        HostEnd::Failed { why, unreachable: false } => format!("was not run: {why}"),
        HostEnd::Failed { why, unreachable: true } => format!("nobody knows how it ended: {why}"),
    }
}

fn code(end: &HostEnd) -> u8 {
    match end {
        HostEnd::Ended { code, .. } => code.map_or(NO_CODE, |code| u8::try_from(code).unwrap_or(u8::MAX)),
        HostEnd::Failed { unreachable: true, .. } => ExitCode::Unreachable.number(),
        HostEnd::Failed { .. } => NO_CODE,
    }
}
