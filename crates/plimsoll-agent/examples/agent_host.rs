//! The steps of an agent on a machine, for tests: what `plimsoll agent`, `shim`, `launch` and `proxy` do.

#![allow(clippy::print_stderr)] // it is a program

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use plimsoll_agent::process::{launch_main, shim_main};
use plimsoll_agent::server::{ServeOptions, serve};
use plimsoll_agent::traffic::proxy_process::proxy_main;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["shim", order] => shim_main(Path::new(order)),
        ["launch", order] => launch_main(Path::new(order)),
        ["proxy", "--listen", listen, "--control", control, "--state", state] => {
            proxy_main(listen.parse().expect("an address"), Path::new(control), Path::new(state))
        }
        ["agent", root, service, socket, idle] => {
            let idle: u64 = idle.parse().expect("milliseconds");
            agent(root, service, socket, Some(Duration::from_millis(idle)).filter(|idle| !idle.is_zero()))
        }
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
    };
    match serve(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
