//! The parts that other parts of plimsoll start: agent, proxy, shim, launch. They are this same program.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use plimsoll_agent::server::{ServeOptions, serve};
use plimsoll_model::ExitCode;
use plimsoll_proxy::{Proxy as RunningProxy, ProxyOptions};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::cli::{Agent, Proxy, Spec};
use crate::failure::{Failure, with_causes};
use crate::output::remark;

/// An agent with nothing to look after ends by itself.
const IDLE: Duration = Duration::from_secs(30);
/// How long a proxy that is told to end lets requests finish.
const DRAIN: Duration = Duration::from_secs(30);

/// Detached from the terminal, so that Ctrl-C to the command that started it does not reach it.
fn detach() {
    // Fails only where this process leads a session already, which is as good.
    let _ = rustix::process::setsid();
    for signal in [SIGHUP, SIGINT] {
        let _ = signal_hook::flag::register(signal, Arc::default());
    }
}

pub(crate) fn agent(arguments: &Agent) -> Result<ExitCode, Failure> {
    detach();
    let executable = std::env::current_exe().map_err(|e| internal(&e))?;
    let options = ServeOptions {
        root: arguments.root.clone(),
        service: arguments.service.clone(),
        socket: None,
        executable,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        idle: Some(IDLE),
    };
    serve(&options).map_err(|e| internal(&e))?;
    Ok(ExitCode::Success)
}

pub(crate) fn proxy(arguments: &Proxy) -> Result<ExitCode, Failure> {
    detach();
    let options = ProxyOptions {
        control_socket: Some(arguments.control.clone()),
        state_file: Some(arguments.state.clone()),
        metrics_listen: arguments.metrics,
        ..ProxyOptions::listening(arguments.listen)
    };
    let proxy = RunningProxy::start(options).map_err(|e| internal(&e))?;
    if let Some(problem) = proxy.state_problem() {
        remark(&format!("warning: {}", with_causes(problem)));
    }
    let handle = proxy.shutdown_handle();
    let ended = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGTERM, Arc::clone(&ended)).map_err(|e| internal(&e))?;
    std::thread::spawn(move || {
        while !ended.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(50));
        }
        handle.shutdown(DRAIN);
    });
    proxy.wait();
    Ok(ExitCode::Success)
}

pub(crate) fn shim(arguments: &Spec) -> std::process::ExitCode {
    plimsoll_agent::process::shim_main(path(arguments))
}

pub(crate) fn launch(arguments: &Spec) -> std::process::ExitCode {
    plimsoll_agent::process::launch_main(path(arguments))
}

fn path(arguments: &Spec) -> &Path {
    &arguments.spec
}

fn internal(error: &dyn std::error::Error) -> Failure {
    Failure::new(ExitCode::Internal, with_causes(error))
}
