//! An agent as a real process on this machine, with real instances and a real proxy.

#![allow(dead_code)] // each test program uses its own part
#![allow(clippy::unwrap_used)] // all of it is test code

mod releases;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_agent::client::AgentConnection;
use plimsoll_agent::conformance::{Driver, Program, SignedRelease, Subject};
use plimsoll_agent::layout::Layout;
use plimsoll_model::agent::{Call, HostSettings, Reply, Request, Response};
use plimsoll_model::observation::HostObservation;
use plimsoll_model::release::RunSpec;
use plimsoll_model::traffic::Stickiness;
use plimsoll_model::{EnvironmentName, Fence, InstanceId, ServiceName};
use plimsoll_testkit::ports::free_port;
pub(crate) use releases::{Releases, example};
use tempfile::TempDir;

pub(crate) fn service() -> ServiceName {
    "greeter".parse().unwrap()
}

/// An agent process and its connection.
pub(crate) struct LocalSubject {
    pub(crate) root: TempDir,
    pub(crate) listen: SocketAddr,
    agent: Option<Child>,
    connection: Option<AgentConnection>,
    releases: Releases,
}

impl LocalSubject {
    pub(crate) fn new() -> Self {
        Self::below(TempDir::new().unwrap())
    }

    pub(crate) fn below(root: TempDir) -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let releases = Releases::new(service());
        let mut subject = Self { root, listen, agent: None, connection: None, releases };
        subject.spawn_agent();
        subject
    }

    pub(crate) fn layout(&self) -> Layout {
        Layout::new(self.root.path(), &service())
    }

    fn socket(&self) -> PathBuf {
        self.root.path().join("agent.sock")
    }

    pub(crate) fn agent_command(&self, idle: u32) -> Command {
        let mut command = Command::new(example("agent_host"));
        command.arg("agent").arg(self.root.path()).arg(service().as_str()).arg(self.socket());
        command.arg(idle.to_string()).stdin(Stdio::null()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn spawn_agent(&mut self) {
        self.agent = Some(self.agent_command(0).spawn().unwrap());
        self.connection = Some(self.connect());
    }

    pub(crate) fn connect(&self) -> AgentConnection {
        let began = Instant::now();
        loop {
            match AgentConnection::connect(&self.socket(), &service(), Duration::from_secs(30)) {
                Ok(connection) => return connection,
                Err(error) => assert!(began.elapsed() < Duration::from_secs(10), "{error}"),
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// SIGKILL, without any cleaning up.
    pub(crate) fn kill_agent(&mut self) {
        self.connection = None;
        if let Some(mut agent) = self.agent.take() {
            agent.kill().unwrap();
            agent.wait().unwrap();
        }
    }

    pub(crate) fn observe(&mut self) -> HostObservation {
        let connection = self.connection.as_mut().unwrap();
        match connection.call(&service(), None, Request::Observe, &[]).unwrap() {
            Response::Observed { observation } => *observation,
            other => panic!("{other:?}"),
        }
    }

    /// A release of these bytes.
    pub(crate) fn sign(
        &self,
        bytes: Vec<u8>,
        run_spec: RunSpec,
        environment: &EnvironmentName,
    ) -> SignedRelease {
        self.releases.sign(bytes, run_spec, environment)
    }

    /// Installs a release of the tiny service with these settings and gives its identifier.
    pub(crate) fn install(&mut self, edit: impl FnOnce(&mut RunSpec)) -> plimsoll_model::ReleaseId {
        let mut run_spec = Driver::run_spec();
        edit(&mut run_spec);
        let bytes = fs::read(example("tiny_service")).unwrap();
        let environment = self.settings().environment;
        let made = self.sign(bytes, run_spec, &environment);
        let release = made.manifest.release_id();
        let mut driver = Driver::new(self, service());
        driver.ask(Driver::offer(&made));
        driver.upload(&release, &made.bytes, 0);
        driver.ask(Request::Seal { release: release.clone() });
        release
    }

    pub(crate) fn ask(&mut self, request: Request) -> Response {
        let connection = self.connection.as_mut().unwrap();
        connection.call(&service(), Some(Fence(7)), request, &[]).unwrap()
    }
}

impl Drop for LocalSubject {
    fn drop(&mut self) {
        // A failed test leaves nothing behind either: every process of this root is named by its state.
        let pids = self.connection.as_mut().and_then(|connection| {
            let down = connection.call(&service(), Some(Fence(u64::MAX)), Request::Down, &[]);
            down.ok()
        });
        if pids.is_some() {
            let began = Instant::now();
            let gone = |seen: &HostObservation| {
                seen.traffic.is_none() && seen.instances.iter().all(|instance| !instance.state.is_live())
            };
            while began.elapsed() < Duration::from_secs(10) && !gone(&self.observe()) {
                thread::sleep(Duration::from_millis(20));
            }
        }
        self.kill_agent();
        release_folders_may_be_removed(self.root.path());
    }
}

/// Sealed releases are read-only; the temporary folder could not be removed by another user than root.
fn release_folders_may_be_removed(root: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    for entry in fs::read_dir(root.join("greeter/releases")).into_iter().flatten().flatten() {
        let _ = fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o755));
    }
}

impl Subject for LocalSubject {
    fn call(&mut self, call: Call, content: &[u8]) -> Reply {
        self.connection.as_mut().unwrap().exchange(&call, content).unwrap()
    }

    fn wait(&mut self) {
        thread::sleep(Duration::from_millis(20));
    }

    fn restart_agent(&mut self) {
        self.kill_agent();
        self.spawn_agent();
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
        let killed = Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap();
        assert!(killed.success());
    }

    fn occupy(&mut self, port: u16) {
        occupy(port);
    }
}

/// Listens on a port, as soon as it is free, and answers everything with 200.
pub(crate) fn occupy(port: u16) {
    let began = Instant::now();
    let listener = loop {
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(listener) => break listener,
            Err(error) => assert!(began.elapsed() < Duration::from_secs(2), "{error}"),
        }
        thread::sleep(Duration::from_millis(1));
    };
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            // Read to the end, so that closing sends no reset before the answer is read.
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
}

/// One request; the status and the body.
pub(crate) fn get(address: SocketAddr, path: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")?;
    let mut from = BufReader::new(stream);
    let mut line = String::new();
    from.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other(format!("no status in `{line}`")))?;
    let mut rest = String::new();
    from.read_to_string(&mut rest)?;
    let body = rest.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
    Ok((status, body))
}

/// Secrets of an instance.
pub(crate) fn no_secrets() -> BTreeMap<String, plimsoll_model::Secret> {
    BTreeMap::new()
}
