//! `cargo xtask fleet`: real hosts on this machine, to try things on by hand. Tests bring up their own.

use std::process::{ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use plimsoll_testkit::fleet::{Fleet, FleetOptions};

const USAGE: &str = "\
cargo xtask fleet up N                 N Debian hosts with systemd and sshd; they stay until `down`
cargo xtask fleet shell NAME [command...]
                                       a shell in a host, or one command
cargo xtask fleet down                 ends every fleet that stayed";

pub(crate) fn run(words: &[&str]) -> Result<ExitCode> {
    match words {
        ["up", hosts] => up(hosts.parse().with_context(|| format!("`{hosts}` is no number of hosts"))?),
        ["down"] => down(),
        ["shell", name, command @ ..] => shell(name, command),
        _ => bail!("these are understood:\n{USAGE}"),
    }
}

fn up(hosts: u8) -> Result<ExitCode> {
    let started = Instant::now();
    let fleet = Fleet::up(FleetOptions { hosts, ..FleetOptions::default() })?;
    let took = started.elapsed().as_secs_f64();
    for host in fleet.hosts() {
        println!("  ok   {:<8} {}", host.name(), host.address());
    }
    let config = fleet.ssh_config();
    let limits = fleet.limits();
    fleet.keep()?;
    let config = config.display();
    println!("{hosts} hosts are up after {took:.1} s.");
    for (is_real, what) in
        [(limits.memory, "MemoryMax"), (limits.cpu, "CPUQuota"), (limits.tasks, "TasksMax")]
    {
        if !is_real {
            println!("{what} is not enforced in them: this machine's control groups do not allow it");
        }
    }
    println!(
        "hint: ssh -F {config} web1            as root, with the fleet's own key (deploy@web1: as `deploy`)"
    );
    println!("hint: cargo xtask fleet shell web1    a shell that needs no network");
    println!("hint: cargo xtask fleet down          takes everything away");
    Ok(ExitCode::SUCCESS)
}

fn down() -> Result<ExitCode> {
    let kept = Fleet::kept()?;
    if kept.is_empty() {
        println!("no fleet is up that was kept");
    }
    for fleet in kept {
        let (hosts, folder, started) = (fleet.hosts().len(), fleet.folder(), Instant::now());
        if fleet.down()? {
            let took = started.elapsed().as_secs_f64();
            println!("the fleet of {hosts} hosts in {} is gone after {took:.1} s", folder.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn shell(name: &str, command: &[&str]) -> Result<ExitCode> {
    let fleets = Fleet::kept()?;
    let host = fleets.iter().rev().find_map(|fleet| fleet.host(name));
    let host = host.with_context(|| format!("no host {name} is up; `cargo xtask fleet up N` makes some"))?;
    let words = if command.is_empty() { &["bash", "--login"][..] } else { command };
    let status = host.command(words)?.stdin(Stdio::inherit()).status().context("nsenter did not start")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
