//! The parts that other parts of plimsoll start: agent, proxy, shim, launch. They are this same program.

use std::process::ExitCode as ProcessExit;
use std::time::Duration;

use plimsoll_agent::process::{launch_main, shim_main};
use plimsoll_agent::server::{ServeOptions, Supervisor, serve};
use plimsoll_agent::traffic::proxy_process::{inherited_proxy_main, proxy_main};
use plimsoll_model::ExitCode;

use crate::cli::{Agent, Command, Runtime};
use crate::failure::{Failure, with_causes};

/// An agent with nothing to look after ends by itself.
const IDLE: Duration = Duration::from_secs(2);
/// One that is a unit waits longer: it was installed by a command that is about to connect, and ending means removing it.
const RESIDENT_IDLE: Duration = Duration::from_secs(60);

/// Parts whose exit code is not one of ours: the proxy's tells the agent, the others' are the instance's.
pub(crate) fn part(command: &Command) -> Option<ProcessExit> {
    match command {
        Command::Proxy(arguments) => Some(match arguments.listen {
            Some(listen) => proxy_main(listen, &arguments.control, &arguments.state),
            None => inherited_proxy_main(&arguments.control, &arguments.state),
        }),
        Command::Shim(arguments) => Some(shim_main(&arguments.spec)),
        Command::Launch(arguments) => Some(launch_main(&arguments.spec)),
        _ => None,
    }
}

pub(crate) fn agent(arguments: &Agent) -> Result<ExitCode, Failure> {
    let internal = |e: &dyn std::error::Error| Failure::new(ExitCode::Internal, with_causes(e));
    let executable = std::env::current_exe().map_err(|e| internal(&e))?;
    let options = ServeOptions {
        root: arguments.root.clone(),
        service: arguments.service.clone(),
        socket: None,
        executable,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        idle: Some(match arguments.runtime {
            Runtime::Shims => IDLE,
            Runtime::Systemd => RESIDENT_IDLE,
        }),
        supervisor: match arguments.runtime {
            Runtime::Shims => Supervisor::Shims,
            Runtime::Systemd => Supervisor::Systemd(arguments.scope.into()),
        },
    };
    serve(&options).map_err(|e| internal(&e))?;
    Ok(ExitCode::Success)
}
