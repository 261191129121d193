//! The last step before the program: set limits on this very process, then become the program.
//!
//! It is a process of its own because these settings cannot be made on another process without `unsafe`, and
//! because nothing may stand between shim and program: the process that listens must be the released file.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::find::PATH;
use super::run::{Order, ProcessRecord, Run};
use super::{cgroup, exec, procfs};

/// The step `launch <order.json>`. Returns only where the program could not be executed.
pub fn launch_main(order: &Path) -> ExitCode {
    let Some(run) = Run::of_order(order) else { return ExitCode::FAILURE };
    match launch(&run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // The shim reads it; where even that fails, the exit code is all that is left.
            let _ = run.write_failure(&why);
            ExitCode::FAILURE
        }
    }
}

fn launch(run: &Run) -> Result<(), String> {
    let order = run.order().map_err(|error| format!("its order cannot be read: {error}"))?;
    exec::detach();
    let pid = std::process::id();
    let stat = procfs::stat(pid).ok_or("/proc is not there")?;
    let record = ProcessRecord { pid, start_ticks: stat.start_ticks, boot: procfs::boot_id() };
    match run.claim(&record) {
        Ok(true) => {}
        // Another shim was faster; its process is the one.
        Ok(false) => return Ok(()),
        Err(error) => return Err(format!("its process cannot be written down: {error}")),
    }
    let secrets = run.take_secrets().map_err(|error| format!("its secrets cannot be read: {error}"))?;
    cgroup::join(&run.cgroups()).map_err(|error| format!("its cgroup cannot be joined: {error}"))?;
    limit_open_files(&order).map_err(|error| format!("its limit of open files cannot be set: {error}"))?;
    rustix::thread::set_no_new_privs(true).map_err(|error| format!("no_new_privs cannot be set: {error}"))?;
    check_program(&order.executable)?;
    let mut command = Command::new(&order.executable);
    command.args(&order.args).current_dir(&order.folder).env_clear().envs(fixed_environment(&order.folder));
    command.envs(&order.variables).envs(secrets.iter().map(|(name, value)| (name, value.expose())));
    let error = command.exec();
    Err(format!("{}: {error}", order.executable.display()))
}

/// Refuses what the kernel would not execute. The C library's `exec` hands such a file to a shell instead, which
/// would run whatever it makes of it and hide the reason.
fn check_program(path: &Path) -> Result<(), String> {
    let head = |path: &Path| {
        let mut head = Vec::new();
        File::open(path)?.take(64).read_to_end(&mut head).map(|_| head)
    };
    let found = head(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if found.starts_with(b"#!") {
        return Ok(());
    }
    if found.len() < 52 || !found.starts_with(b"\x7fELF") {
        return Err(format!("{} is neither an ELF program nor a script with `#!`", path.display()));
    }
    // Bytes 16 to 19: type and machine; ours is the host's.
    let own = head(Path::new("/proc/self/exe")).unwrap_or_default();
    let machine = |head: &[u8]| head.get(18..20).map(<[u8]>::to_vec);
    let is_x86 = machine(&own) == Some(vec![62, 0]) && machine(&found) == Some(vec![3, 0]);
    if machine(&own) != machine(&found) && !is_x86 {
        return Err(format!(
            "{} is an ELF program for another processor (machine {}, this host is {})",
            path.display(),
            found[18],
            own.get(18).copied().unwrap_or_default()
        ));
    }
    Ok(())
}

fn limit_open_files(order: &Order) -> io::Result<()> {
    if let Some(wanted) = order.limits.open_files {
        let now = getrlimit(Resource::Nofile);
        // Only root may raise the hard limit; others get as much of the wish as there is.
        let raised = Rlimit { current: Some(wanted), maximum: Some(wanted) };
        if setrlimit(Resource::Nofile, raised).is_err() {
            let most = now.maximum.map_or(wanted, |maximum| wanted.min(maximum));
            setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: Some(most) })?;
        }
    }
    Ok(())
}

/// What every program finds, whatever its release says.
fn fixed_environment(folder: &Path) -> Vec<(&'static str, std::ffi::OsString)> {
    let inherited = |name: &'static str| std::env::var_os(name).map(|value| (name, value));
    let path = inherited("PATH").unwrap_or(("PATH", PATH.into()));
    let lang = inherited("LANG").unwrap_or(("LANG", "C.UTF-8".into()));
    [Some(path), Some(("HOME", folder.as_os_str().to_owned())), Some(lang), inherited("TZ")]
        .into_iter()
        .flatten()
        .collect()
}
