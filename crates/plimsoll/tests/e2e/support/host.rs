//! The project's host as it is, seen without plimsoll's commands: its processes, and what its agent observes.

use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_agent::client::AgentConnection;
use plimsoll_agent::layout::Layout;
use plimsoll_model::agent::{Request, Response};
use plimsoll_model::observation::{HostObservation, InstanceState};
use rustix::process::{Pid, Signal, kill_process};

use super::Project;

/// What a process of the project is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The agent.
    Agent,
    /// The proxy.
    Proxy,
    /// What stands over an instance.
    Shim,
    /// An instance, of the release with this identifier.
    Instance(String),
    /// Anything else.
    Other(String),
}

/// Fails the test unless `holds` does within half a minute.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Kills a process as nothing can be prevented from being killed.
pub fn kill(pid: u32) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a process number")).expect("a process number");
    kill_process(pid, Signal::KILL).expect("it can be killed");
}

impl Project {
    fn layout(&self) -> Layout {
        let root = self.path().join(".plimsoll/local/production");
        Layout::new(&root, &"greeter".parse().expect("a name"))
    }

    /// What the agent observes; `None` where none runs.
    pub fn observe(&self) -> Option<HostObservation> {
        let socket = self.layout().sockets().expect("sockets").agent;
        let service = "greeter".parse().expect("a name");
        let mut agent = AgentConnection::connect(&socket, &service, Duration::from_secs(10)).ok()?;
        match agent.call(&service, None, Request::Observe, &[]) {
            Ok(Response::Observed { observation }) => Some(*observation),
            _ => None,
        }
    }

    /// The processes of the project, by what they are.
    pub fn processes(&self) -> Vec<(Part, u32)> {
        let folder = self.path().to_str().expect("a path in UTF-8");
        let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
        let pids = entries.filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
        let mut found: Vec<_> = pids.filter_map(|pid| Some((part(pid, folder)?, pid))).collect();
        found.sort();
        found
    }

    /// The process numbers of one part.
    pub fn pids(&self, part: &Part) -> Vec<u32> {
        self.processes().into_iter().filter(|(p, _)| p == part).map(|(_, pid)| pid).collect()
    }

    /// The only process of one part.
    #[track_caller]
    pub fn pid(&self, part: &Part) -> u32 {
        let pids = self.pids(part);
        assert_eq!(pids.len(), 1, "{part:?}: {:?}", self.processes());
        pids[0]
    }

    /// The process numbers of the instances of a release in one state, as the agent observes them.
    pub fn instances_in(&self, release: &str, state: InstanceState) -> Vec<u32> {
        let seen = self.observe();
        let instances = seen.iter().flat_map(|s| &s.instances);
        instances
            .filter(|i| i.instance.release.as_str() == release && i.state == state)
            .filter_map(|i| i.pid)
            .collect()
    }

    /// The identifier of the release that the host calls current.
    pub fn current(&self) -> String {
        let seen = self.observe().expect("an agent runs");
        seen.current.expect("a release serves").to_string()
    }
}

/// What a process is, if it belongs to the project in `folder`.
fn part(pid: u32, folder: &str) -> Option<Part> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line).replace('\0', " ");
    let exe = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    if exe.starts_with(folder) {
        return Some(release_of(&exe).map_or(Part::Other(line), Part::Instance));
    }
    if !line.contains(folder) {
        return None;
    }
    Some(match line.split(' ').nth(1)? {
        "agent" => Part::Agent,
        "proxy" => Part::Proxy,
        "shim" => Part::Shim,
        _ => Part::Other(line),
    })
}

fn release_of(exe: &Path) -> Option<String> {
    let mut parts = exe.iter().map(|p| p.to_string_lossy().into_owned());
    parts.find(|p| p == "releases")?;
    parts.next()
}
