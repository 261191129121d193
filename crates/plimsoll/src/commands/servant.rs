//! The parts that other parts of plimsoll start: agent, proxy, shim, launch. They are this same program.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode as ProcessExit;
use std::time::{Duration, SystemTime};

use plimsoll_agent::layout::Layout;
use plimsoll_agent::process::{launch_main, shim_main};
use plimsoll_agent::server::{ServeOptions, Supervisor, serve};
use plimsoll_agent::systemd::{self, EnsureOptions, ensure_agent};
use plimsoll_agent::traffic::proxy_process::{inherited_proxy_main, proxy_main};
use plimsoll_agent::{bridge, programs};
use plimsoll_drivers::local::{self, LocalOptions};
use plimsoll_model::{ExitCode, ServiceName};

use crate::cli::{Agent, Command, Runtime};
use crate::failure::{Failure, with_causes};
use crate::this_machine;

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
    let executable = std::env::current_exe().map_err(|e| internal(&e))?;
    if arguments.stdio {
        return stdio(arguments, &executable);
    }
    let options = ServeOptions {
        root: arguments.root.clone(),
        service: arguments.service.clone(),
        socket: None,
        executable,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        idle: Some(match arguments.runtime {
            Runtime::Auto | Runtime::Shims => IDLE,
            Runtime::Systemd => RESIDENT_IDLE,
        }),
        reach: this_machine::reach(),
        supervisor: match arguments.runtime {
            Runtime::Auto | Runtime::Shims => Supervisor::Shims,
            Runtime::Systemd => Supervisor::Systemd(arguments.scope.into()),
        },
    };
    serve(&options).map_err(|e| internal(&e))?;
    Ok(ExitCode::Success)
}

/// The bridge that a coordinator's ssh runs on a host.
fn stdio(arguments: &Agent, executable: &Path) -> Result<ExitCode, Failure> {
    let by_sudo = std::env::var_os("SUDO_UID").is_some_and(|uid| uid != "0");
    if by_sudo && rustix::process::geteuid().is_root() {
        programs::check_owner(executable).map_err(|e| internal(&e))?;
    }
    // A folder below home is named as ssh finds it there.
    let root = std::path::absolute(&arguments.root).map_err(|e| internal(&e))?;
    programs::tidy(&root, executable, SystemTime::now());
    let stream = reach(arguments, &root, executable)?;
    let output = std::io::stdout().lock();
    bridge::run(&stream, std::io::stdin(), output, bridge::SILENCE).map_err(|e| internal(&e))?;
    Ok(ExitCode::Success)
}

/// A connection to the service's agent, which is started where none runs.
fn reach(arguments: &Agent, root: &Path, executable: &Path) -> Result<UnixStream, Failure> {
    let by_systemd = match arguments.runtime {
        Runtime::Auto => systemd::is_booted(),
        Runtime::Shims => false,
        Runtime::Systemd => true,
    };
    if by_systemd {
        return reach_resident(arguments, root, executable);
    }
    let layout = Layout::new(root, &arguments.service);
    layout.create().map_err(|e| internal(&e))?;
    let sockets = layout.sockets().map_err(|e| internal(&e))?;
    let options = LocalOptions {
        socket: sockets.agent,
        start: agent_command(executable, root, &arguments.service),
        log: layout.state().join("agent.log"),
        // Whoever is at the other end of the bridge says it.
        author: None,
        withheld: Vec::new(),
    };
    local::connect(&options).map_err(|why| Failure::new(ExitCode::Unreachable, why))
}

/// A connection to the agent that is a unit of the host's systemd.
fn reach_resident(arguments: &Agent, root: &Path, executable: &Path) -> Result<UnixStream, Failure> {
    let options = EnsureOptions {
        root: root.to_owned(),
        service: arguments.service.clone(),
        executable: executable.to_owned(),
        scope: arguments.scope.into(),
    };
    let socket = ensure_agent(&options).map_err(|error| {
        let failure = Failure::new(ExitCode::Unreachable, with_causes(&error));
        error.help().into_iter().fold(failure, Failure::help)
    })?;
    UnixStream::connect(&socket).map_err(|error| {
        Failure::new(
            ExitCode::Unreachable,
            format!("the agent does not answer on {}: {error}", socket.display()),
        )
    })
}

/// What starts an agent of a service.
pub(crate) fn agent_command(program: &Path, root: &Path, service: &ServiceName) -> Vec<String> {
    let (program, root) = (program.display().to_string(), root.display().to_string());
    vec![program, "agent".to_owned(), "--root".to_owned(), root, "--service".to_owned(), service.to_string()]
}

fn internal(error: &dyn std::error::Error) -> Failure {
    Failure::new(ExitCode::Internal, with_causes(error))
}
