//! The instruments: time, bytes on the wire, the tool's processor time and memory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use plimsoll_testkit::fleet::Fleet;

use super::Case;
use super::traffic::Traffic;
use crate::interrupt::Interrupt;
use crate::workspace;

/// No command takes longer.
const LIMIT: Duration = Duration::from_secs(300);
/// How long after a command's good end every host must serve what it said.
const SETTLED: Duration = Duration::from_secs(60);
/// How often the tool is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// One command, measured.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    /// Until every host served the version that was meant; for what serves already, until the command ended.
    pub(super) serving: Duration,
    /// Until the command ended.
    pub(super) command: Duration,
    /// Over ssh, both ways, as the IP layer counts them.
    pub(super) bytes: u64,
    /// Requests that were lost, of how many; not for the first time, when nothing serves.
    pub(super) lost: Option<(usize, u64)>,
    /// Processor seconds of the tool and everything it started here.
    pub(super) cpu: Duration,
    /// The most anonymous memory that these had at one time.
    pub(super) memory: u64,
}

pub(super) struct Meter<'a> {
    fleet: &'a Fleet,
    wire: Wire,
    group: Group,
}

impl<'a> Meter<'a> {
    pub(super) fn new(fleet: &'a Fleet) -> Result<Self> {
        Ok(Self { fleet, wire: Wire::new(fleet)?, group: Group::new()? })
    }

    /// Runs a command to its good end and until every host serves.
    pub(super) fn measure(&self, case: Case, command: Command, interrupt: &Interrupt) -> Result<Measured> {
        let traffic = Traffic::start(self.fleet);
        let log = workspace::target().join("bench-fleet/last.log");
        let (bytes, cpu) = (self.wire.bytes()?, self.group.cpu()?);
        let started = Instant::now();
        let mut child = self.group.run(&command, &log)?;
        let mut memory = 0;
        let status = loop {
            memory = memory.max(self.group.memory()?);
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if interrupt.came() || started.elapsed() > LIMIT {
                self.group.end()?;
                bail!("it was ended after {:.0} s", started.elapsed().as_secs_f64());
            }
            std::thread::sleep(LOOK);
        };
        let ended = started.elapsed();
        let (bytes, cpu) = (self.wire.bytes()? - bytes, self.group.cpu()?.saturating_sub(cpu));
        // Connections that were left for the next command would help it, and would not be there a minute later.
        self.group.end()?;
        let text = || fs::read_to_string(&log).unwrap_or_default();
        ensure!(status.success(), "`{}`: {status}\n{}", workspace::shown(&command), text());
        let since = loop {
            if let Some(since) = traffic.serving_since(case.version()) {
                break since;
            }
            ensure!(
                started.elapsed() < ended + SETTLED,
                "it ended well and version {} does not serve\n{}",
                case.version(),
                text()
            );
            std::thread::sleep(LOOK);
        };
        let lost = traffic.stop();
        let serving = if case == Case::Same { ended } else { since.saturating_duration_since(started) };
        let lost = (case != Case::First).then_some(lost);
        Ok(Measured { serving, command: ended, bytes, lost, cpu, memory })
    }
}

/// Counters of what passes between us and the fleet's hosts over ssh, and nothing of the load.
struct Wire {
    /// The table of nftables that holds them.
    table: String,
}

impl Wire {
    fn new(fleet: &Fleet) -> Result<Self> {
        let wire = Self { table: format!("plimsoll_bench_{}", std::process::id()) };
        let [a, b, c, _] = fleet.hosts().first().context("a fleet has hosts")?.address().octets();
        let net = format!("{a}.{b}.{c}.0/24");
        let rules = format!(
            "table inet {} {{\n counter ssh {{ }}\n\
             chain in {{ type filter hook input priority 0; ip saddr {net} tcp sport 22 counter name ssh; }}\n\
             chain out {{ type filter hook output priority 0; ip daddr {net} tcp dport 22 counter name ssh; }}\n}}\n",
            wire.table
        );
        nft(&[&rules])?;
        Ok(wire)
    }

    fn bytes(&self) -> Result<u64> {
        let text = nft(&["list", "counter", "inet", &self.table, "ssh"])?;
        let mut words = text.split_whitespace().skip_while(|word| *word != "bytes").skip(1);
        words.next().and_then(|word| word.parse().ok()).context("nft shows no counter")
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // It counts what no longer comes; nothing depends on it.
        let _ = nft(&["delete", "table", "inet", &self.table]);
    }
}

fn nft(words: &[&str]) -> Result<String> {
    workspace::read(workspace::command("nft").args(words))
}

/// Control groups that a tool and all that it starts are in, also what leaves its process tree.
struct Group {
    /// One in each tree: that of processor time first, that of memory last; the same on version 2.
    folders: Vec<PathBuf>,
    unified: bool,
}

impl Group {
    fn new() -> Result<Self> {
        let trees = Path::new("/sys/fs/cgroup");
        let unified = trees.join("cgroup.controllers").exists();
        let trees = if unified {
            vec![trees.to_owned()]
        } else {
            ["cpuacct", "memory"].map(|tree| trees.join(tree)).into()
        };
        let folders: Vec<_> =
            trees.iter().map(|tree| tree.join(format!("plimsoll-bench-{}", std::process::id()))).collect();
        for folder in &folders {
            fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        Ok(Self { folders, unified })
    }

    /// Starts a command inside.
    fn run(&self, command: &Command, log: &Path) -> Result<std::process::Child> {
        let output = File::create(log)?;
        let mut inside = Command::new("sh");
        inside.args([
            "-c",
            r#"while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@""#,
            "sh",
        ]);
        inside.args(&self.folders).arg("--").arg(command.get_program()).args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        inside.spawn().context("sh did not start")
    }

    fn cpu(&self) -> Result<Duration> {
        if self.unified {
            return Ok(Duration::from_micros(self.field(0, "cpu.stat", "usage_usec")?));
        }
        let nanos = fs::read_to_string(self.folders[0].join("cpuacct.usage"))?;
        Ok(Duration::from_nanos(nanos.trim().parse()?))
    }

    fn memory(&self) -> Result<u64> {
        let name = if self.unified { "anon" } else { "total_rss" };
        self.field(self.folders.len() - 1, "memory.stat", name)
    }

    fn field(&self, folder: usize, file: &str, name: &str) -> Result<u64> {
        let text = fs::read_to_string(self.folders[folder].join(file))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.parse().ok()).with_context(|| format!("{file} has no {name}"))
    }

    /// Ends what is left inside.
    fn end(&self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let text = fs::read_to_string(self.folders[0].join("cgroup.procs"))?;
            let pids: Vec<i32> = text.lines().filter_map(|line| line.parse().ok()).collect();
            if pids.is_empty() {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "processes {pids:?} do not end");
            for pid in pids.into_iter().filter_map(rustix::process::Pid::from_raw) {
                // It may have ended by itself in the meantime.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // What cannot be removed is an empty folder of the kernel's.
        let _ = self.end();
        for folder in &self.folders {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// The machine's load, as `uptime` says it.
pub(super) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
