//! One host: how it boots, how commands run in it, and what is seen of it from outside. Its faults are in `faults.rs`.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::cgroups::{Groups, Layout};
use super::disk::Disk;
use super::error::{make_folder, write};
use super::network::Link;
use super::{FleetError, FleetOptions, Process, keys, network, slot, tools};

/// Nothing of a host takes longer, also where ten boot on two processors that others keep busy.
const LIMIT: Duration = Duration::from_secs(240);
/// Runs the rest of its arguments in control groups, which come first and end with `--`; again, where it ends with 133,
/// as nspawn does when the system inside wants to reboot.
const RUN: &str = r#"while :; do
    (
        while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs" || exit 1; shift; done
        shift
        exec "$@"
    )
    [ $? = 133 ] || exit
done"#;
/// What a command in a host finds in its environment.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("HOME", "/root"),
    ("LANG", "C.UTF-8"),
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("TERM", "dumb"),
];

/// A host of a fleet.
#[derive(Debug)]
pub struct Host {
    pub(super) slot: u8,
    pub(super) number: u8,
    name: String,
    pub(super) groups: Groups,
    pub(super) disk: Disk,
    /// What was done to its link.
    pub(super) link: Mutex<Link>,
}

impl Host {
    /// A host by its numbers; nothing is made.
    pub(super) fn new(slot: u8, number: u8, layout: &Layout, disk_megabytes: u32) -> Self {
        let name = format!("web{number}");
        let groups = layout.of_host(&format!("plimsoll-fleet-{slot}"), &name);
        let disk = Disk::new(&slot::folder(slot).join(&name), disk_megabytes);
        Self { slot, number, name, groups, disk, link: Mutex::default() }
    }

    /// Its name, which is its host name as well: `web1`, `web2`, ...
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address.
    pub fn address(&self) -> Ipv4Addr {
        network::address(self.slot, self.number)
    }

    /// The `ssh_config` in which its name is known: `ssh -F <this> web1`.
    pub fn ssh_config(&self) -> PathBuf {
        keys::config(&slot::folder(self.slot))
    }

    /// Its root folder as seen from outside.
    pub fn root(&self) -> &Path {
        self.disk.root()
    }

    /// Its process 1, as this machine numbers it.
    pub fn pid1(&self) -> Result<i32, FleetError> {
        let first = self.processes().into_iter().find(|process| process.pid_inside == 1);
        first.map(|process| process.pid).ok_or_else(|| FleetError::Off { host: self.name.clone() })
    }

    /// Every process that runs in it.
    pub fn processes(&self) -> Vec<Process> {
        self.groups.pids().into_iter().filter_map(Process::read).collect()
    }

    /// Runs a command in it as root and waits for its end. It goes in through the namespaces of process 1 and not
    /// through the network; its own processes are not in the host's control groups.
    pub fn run(&self, words: &[impl AsRef<OsStr>]) -> Result<Output, FleetError> {
        let mut command = self.command(words)?;
        let shown = format!("{command:?}");
        command.output().map_err(|source| FleetError::Start { command: shown, source })
    }

    /// The command that [`run`](Self::run) runs, for a caller with other wishes for input and output.
    pub fn command(&self, words: &[impl AsRef<OsStr>]) -> Result<Command, FleetError> {
        let mut command = tools::command("nsenter");
        command.args(["--all", "--wd", "--target", &self.pid1()?.to_string(), "--"]).args(words);
        command.env_clear().envs(ENVIRONMENT);
        Ok(command)
    }

    /// Does something on a thread that is in its network: what connects from there is not touched by what happens to the
    /// host's link. So are the threads that it starts.
    pub fn from_inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> Result<T, FleetError> {
        let path = Path::new("/run/netns").join(self.space());
        let space = File::open(&path).map_err(FleetError::file("opened", &path))?;
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| {
                move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network))
                    .map_err(|error| FleetError::file("entered", &path)(error.into()))?;
                Ok(act())
            });
            inside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Runs a command in it that must succeed.
    pub(super) fn must(&self, words: &[&str]) -> Result<String, FleetError> {
        tools::run(&mut self.command(words)?)
    }

    /// Switches it on and waits until it is up; nothing where it is on.
    pub fn boot(&self) -> Result<(), FleetError> {
        self.start()?;
        self.wait_until_up()
    }

    /// Makes its link, its disk and what is its own on it.
    pub(super) fn make(
        &self,
        root: &Path,
        options: &FleetOptions,
        authorized: &str,
    ) -> Result<String, FleetError> {
        self.disk.make(root)?;
        let file = |path: &str| self.root().join(path);
        write(&file("etc/hostname"), format!("{}\n", self.name))?;
        write(&file("etc/machine-id"), format!("{:032x}\n", fastrand::u128(1..)))?;
        write(&file("etc/resolv.conf"), "")?;
        write(&file("etc/hosts"), hosts_file(self.slot, options.hosts))?;
        for keys in ["root/.ssh/authorized_keys", "home/deploy/.ssh/authorized_keys"] {
            write(&file(keys), format!("{authorized}\n"))?;
        }
        if let Some(rules) = &options.sudoers {
            write(&file("etc/sudoers.d/fleet"), format!("{}\n", rules.trim_end()))?;
        }
        if options.linger {
            make_folder(&file("var/lib/systemd/linger"))?;
            write(&file("var/lib/systemd/linger/deploy"), "")?;
        }
        keys::make(&file("etc/ssh/ssh_host_ed25519_key"))
    }

    /// Starts process 1, and does not wait until the host is up.
    pub(super) fn start(&self) -> Result<(), FleetError> {
        if self.pid1().is_ok() {
            return Ok(());
        }
        self.groups.kill()?;
        self.groups.make()?;
        self.join_network()?;
        let console_file = self.root().with_file_name("console");
        let console = File::create(&console_file).map_err(FleetError::file("written", &console_file))?;
        let errors = console.try_clone().map_err(FleetError::file("written", &console_file))?;
        let mut command = tools::command("sh");
        command.args(["-c", RUN, "sh"]).args(self.groups.all()).args(["--", "systemd-nspawn"]);
        command.args(["--quiet", "--register=no", "--keep-unit", "--settings=no", "--link-journal=no"]);
        command.args([
            "--capability=CAP_NET_ADMIN",
            "--resolv-conf=off",
            "--timezone=off",
            "--console=pipe",
            "--kill-signal=SIGRTMIN+3",
        ]);
        command.arg(format!("--machine={}", self.space())).arg(format!("--hostname={}", self.name));
        command.arg(format!("--network-namespace-path=/run/netns/{}", self.space()));
        command.arg("--directory").arg(self.root()).arg("/usr/local/sbin/fleet-init");
        command.args(self.groups.to_open()).stdout(console).stderr(errors).process_group(0);
        let start = |source| FleetError::Start { command: "systemd-nspawn".to_owned(), source };
        let mut child = command.spawn().map_err(start)?;
        // Nothing depends on how it ends, but somebody has to take its result.
        std::thread::spawn(move || child.wait());
        Ok(())
    }

    /// Waits until systemd has started everything and sshd answers.
    pub(super) fn wait_until_up(&self) -> Result<(), FleetError> {
        self.wait_for("systemd to be up", || {
            let state = self.run(&["systemctl", "is-system-running"]);
            let state = state.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
            match state.as_deref() {
                Ok("running" | "degraded") => Ok(()),
                Ok(state) => Err(format!("it is {state}")),
                Err(error) => Err(self.console().unwrap_or_else(|| error.to_string())),
            }
        })?;
        if self.link(|link| link.is_cut) { Ok(()) } else { self.wait_for_ssh() }
    }

    /// Waits until sshd answers.
    pub(super) fn wait_for_ssh(&self) -> Result<(), FleetError> {
        self.wait_for("sshd to answer", || self.ssh_banner().map(drop))
    }

    /// Makes its end of the network, where it has none, with what was done to its link before.
    fn join_network(&self) -> Result<(), FleetError> {
        if network::is_joined(&self.space()) {
            return Ok(());
        }
        network::join(self.slot, self.number, &self.space())?;
        self.link(|link| {
            if let Some(slow) = &link.slow {
                slow.take_link()?;
            }
            network::set_link(self.slot, self.number, !link.is_cut)
        })
    }

    /// What sshd says first; the error is for people.
    pub(super) fn ssh_banner(&self) -> Result<String, String> {
        let address = SocketAddr::from((self.address(), 22));
        let read = || {
            let stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
            stream.set_read_timeout(Some(Duration::from_secs(2)))?;
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line).map(|_| line)
        };
        let line = read().map_err(|error: std::io::Error| error.to_string())?;
        if line.starts_with("SSH-") { Ok(line) } else { Err(format!("it said {line:?}")) }
    }

    /// Looks again and again until something is so.
    pub(super) fn wait_for(
        &self,
        what: &'static str,
        mut look: impl FnMut() -> Result<(), String>,
    ) -> Result<(), FleetError> {
        let deadline = Instant::now() + LIMIT;
        while let Err(seen) = look() {
            if Instant::now() > deadline {
                return Err(FleetError::Late { host: self.name.clone(), what, seen, limit: LIMIT });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// What it printed while it booted, where it did.
    fn console(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.root().with_file_name("console")).ok()?;
        (!text.trim().is_empty()).then(|| format!("its console says: {}", text.trim()))
    }

    /// Its network namespace, and its name as a container.
    pub(super) fn space(&self) -> String {
        format!("pf{}-{}", self.slot, self.name)
    }
}

fn hosts_file(slot: u8, hosts: u8) -> String {
    let line = |n| format!("{} web{n}\n", network::address(slot, n));
    "127.0.0.1 localhost\n".to_owned() + &(1..=hosts).map(line).collect::<String>()
}
