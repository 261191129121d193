//! The steps of an agent on a machine, for tests: what `plimsoll agent`, `shim`, `launch` and `proxy` do.

#![allow(clippy::print_stderr)] // it is a program

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use plimsoll_agent::process::{launch_main, shim_main};
use plimsoll_agent::server::{ServeOptions, Supervisor, serve};
use plimsoll_agent::systemd::{EnsureOptions, Scope, ensure_agent};
use plimsoll_agent::traffic::proxy_process::{inherited_proxy_main, proxy_main};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["shim", order] => shim_main(Path::new(order)),
        ["launch", order] => launch_main(Path::new(order)),
        ["proxy", "--listen", listen, "--control", control, "--state", state] => {
            proxy_main(listen.parse().expect("an address"), Path::new(control), Path::new(state))
        }
        ["proxy", "--inherited", "--control", control, "--state", state] => {
            inherited_proxy_main(Path::new(control), Path::new(state))
        }
        ["agent", root, service, socket, idle] => {
            let idle: u64 = idle.parse().expect("milliseconds");
            agent(root, service, socket, Some(Duration::from_millis(idle)).filter(|idle| !idle.is_zero()))
        }
        ["agent", "--root", root, "--service", service, "--runtime", "systemd", ref rest @ ..] => {
            let scope = if rest == ["--scope", "user"] { Scope::User } else { Scope::System };
            serve_agent(ServeOptions {
                root: PathBuf::from(root),
                service: service.parse().expect("a name"),
                socket: None,
                executable: std::env::current_exe().expect("this program has a path"),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                idle: Some(Duration::from_secs(2)),
                reach: plimsoll_agent::facts::Reach::addresses_only(),
                supervisor: Supervisor::Systemd(scope),
            })
        }
        ["ensure", root, service, scope] => ensure(root, service, scope),
        _ => {
            eprintln!("usage: agent_host agent|shim|launch|proxy ...");
            ExitCode::from(2)
        }
    }
}

fn agent(root: &str, service: &str, socket: &str, idle: Option<Duration>) -> ExitCode {
    let options = ServeOptions {
        root: PathBuf::from(root),
        service: service.parse().expect("a name"),
        socket: Some(PathBuf::from(socket)),
        executable: std::env::current_exe().expect("this program has a path"),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        idle,
        reach: plimsoll_agent::facts::Reach::addresses_only(),
        supervisor: Supervisor::Shims,
    };
    serve_agent(options)
}

/// What a command does before it talks to a host's agent: prints its socket.
#[allow(clippy::print_stdout)]
fn ensure(root: &str, service: &str, scope: &str) -> ExitCode {
    let options = EnsureOptions {
        root: PathBuf::from(root),
        service: service.parse().expect("a name"),
        executable: std::env::current_exe().expect("this program has a path"),
        scope: if scope == "user" { Scope::User } else { Scope::System },
    };
    match ensure_agent(&options) {
        Ok(socket) => {
            println!("{}", socket.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve_agent(options: ServeOptions) -> ExitCode {
    match serve(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
