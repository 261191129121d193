//! An agent that is a unit of this host, with instances and a proxy that are units too.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_agent::client::AgentConnection;
use plimsoll_agent::conformance::{Driver, Program, SignedRelease, Subject};
use plimsoll_agent::systemd::{EnsureOptions, Scope, ensure_agent};
use plimsoll_model::agent::{Call, HostSettings, Reply, Request, Response};
use plimsoll_model::observation::{HostObservation, InstanceState};
use plimsoll_model::release::RunSpec;
use plimsoll_model::traffic::Stickiness;
use plimsoll_model::{EnvironmentName, Fence, InstanceId, ReleaseId, ServiceName};

use plimsoll_testkit::ports::free_port;

use crate::support::{Releases, example, occupy};

/// Where services of tests are.
const ROOT: &str = "/opt/plimsoll-test";
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct SystemdSubject {
    pub(crate) service: ServiceName,
    pub(crate) listen: SocketAddr,
    socket: PathBuf,
    connection: Option<AgentConnection>,
    releases: Releases,
}

impl SystemdSubject {
    pub(crate) fn new(service: &str) -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        Self::listening(service, listen)
    }

    pub(crate) fn listening(service: &str, listen: SocketAddr) -> Self {
        // What a failed test before left.
        let _ = fs::remove_dir_all(Path::new(ROOT).join(service));
        Self::again(service, listen)
    }

    /// The service as it is here already.
    pub(crate) fn again(service: &str, listen: SocketAddr) -> Self {
        let service: ServiceName = service.parse().unwrap();
        let releases = Releases::new(service.clone());
        let mut subject = Self { service, listen, socket: PathBuf::new(), connection: None, releases };
        subject.ensure();
        subject
    }

    pub(crate) fn ensure(&mut self) {
        self.connection = None;
        let options = EnsureOptions {
            root: ROOT.into(),
            service: self.service.clone(),
            executable: example("agent_host"),
            scope: Scope::System,
        };
        self.socket = ensure_agent(&options).unwrap();
        self.reconnect();
    }

    pub(crate) fn folder(&self) -> PathBuf {
        Path::new(ROOT).join(self.service.as_str())
    }

    pub(crate) fn driver(&mut self) -> Driver<'_> {
        let service = self.service.clone();
        Driver::new(self, service)
    }

    fn reconnect(&mut self) {
        let began = Instant::now();
        self.connection = loop {
            match AgentConnection::connect(&self.socket, &self.service, Duration::from_secs(30)) {
                Ok(connection) => break Some(connection),
                Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
            }
            thread::sleep(Duration::from_millis(5));
        };
    }

    /// SIGKILL; systemd brings another one.
    pub(crate) fn kill_agent(&mut self) {
        self.connection = None;
        let pid = self.agent_pid();
        kill(pid.parse().unwrap());
        let began = Instant::now();
        while self.agent_pid() == pid {
            assert!(began.elapsed() < PATIENCE, "no other agent came");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn agent_pid(&self) -> String {
        fs::read_to_string(self.folder().join("state/agent.lock")).unwrap_or_default().trim().to_owned()
    }

    pub(crate) fn observe(&mut self) -> HostObservation {
        self.driver().observe()
    }

    pub(crate) fn wait(&mut self, id: &InstanceId, state: InstanceState) -> String {
        let seen = self.driver().wait_state(id, state);
        seen.instance(id).unwrap().detail.clone()
    }

    /// Installs a release of these bytes with these settings.
    pub(crate) fn install(&mut self, bytes: Vec<u8>, edit: impl FnOnce(&mut RunSpec)) -> ReleaseId {
        let mut run_spec = Driver::run_spec();
        edit(&mut run_spec);
        let made = self.releases.sign(bytes, run_spec, &self.settings().environment);
        let release = made.manifest.release_id();
        let mut driver = self.driver();
        driver.ask(Driver::offer(&made));
        driver.upload(&release, &made.bytes, 0);
        driver.ask(Request::Seal { release: release.clone() });
        release
    }

    /// The unit of an instance.
    pub(crate) fn unit(&mut self, id: &InstanceId) -> String {
        let port = self.observe().instance(id).unwrap().port;
        format!("{}@{port}.service", self.service)
    }
}

/// What a command of the host prints.
pub(crate) fn said(words: &[&str]) -> String {
    let output = Command::new(words[0]).args(&words[1..]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A property of a unit.
pub(crate) fn property(unit: &str, name: &str) -> String {
    said(&["systemctl", "show", unit, "--value", "--property", name]).trim().to_owned()
}

pub(crate) fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

pub(crate) fn tiny_service() -> Vec<u8> {
    fs::read(example("tiny_service")).unwrap()
}

impl Subject for SystemdSubject {
    fn call(&mut self, call: Call, content: &[u8]) -> Reply {
        self.connection.as_mut().unwrap().exchange(&call, content).unwrap()
    }

    fn wait(&mut self) {
        thread::sleep(Duration::from_millis(20));
    }

    fn restart_agent(&mut self) {
        self.kill_agent();
        self.reconnect();
    }

    fn settings(&self) -> HostSettings {
        HostSettings {
            environment: "staging".parse().unwrap(),
            listen: self.listen,
            trusted_keys: vec![self.releases.key.public_key().to_base64()],
            stickiness: Stickiness::None,
            latency_bounds: vec![0.1, 1.0],
        }
    }

    fn release(
        &mut self,
        program: Program,
        run_spec: RunSpec,
        environment: &EnvironmentName,
    ) -> SignedRelease {
        self.releases.of(program, run_spec, environment)
    }

    fn kill(&mut self, instance: &InstanceId) {
        let pid = self.observe().instance(instance).and_then(|found| found.pid).expect("it runs");
        kill(i32::try_from(pid).unwrap());
    }

    fn occupy(&mut self, port: u16) {
        occupy(port);
    }
}

impl Drop for SystemdSubject {
    fn drop(&mut self) {
        let Some(connection) = self.connection.as_mut() else { return };
        let _ = connection.call(&self.service, Some(Fence(u64::MAX)), Request::Down, &[]);
        let began = Instant::now();
        let gone = |seen: &HostObservation| {
            seen.traffic.is_none() && seen.instances.iter().all(|instance| !instance.state.is_live())
        };
        while began.elapsed() < PATIENCE {
            match connection.call(&self.service, None, Request::Observe, &[]) {
                Ok(Response::Observed { observation }) if gone(&observation) => break,
                Ok(_) => thread::sleep(Duration::from_millis(20)),
                Err(_) => break,
            }
        }
    }
}
