//! The host in memory as a subject of the conformance suite.

use std::net::SocketAddr;
use std::time::Duration;

use plimsoll_model::agent::{Call, HostSettings, Reply};
use plimsoll_model::release::{Artifact, Platform, RunSpec, Source, Tree};
use plimsoll_model::traffic::Stickiness;
use plimsoll_model::{Digest, EnvironmentName, InstanceId, Manifest, Timestamp, version};

use super::{Behaviour, Host, sign};
use crate::conformance::{Program, SignedRelease, Subject};
use crate::core::Agent;
use crate::runtime::{Exit, Holder};

const KEY: &str = "the key of the checks";

/// An agent over a host in memory, with a clock that [`Subject::wait`] moves.
pub struct MemorySubject {
    host: Host,
    agent: Agent,
    now: Timestamp,
}

impl MemorySubject {
    /// An agent on an empty host.
    pub fn new(host: Host) -> Self {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let agent = Agent::open(host.parts(), now).expect("an empty host can be opened");
        Self { host, agent, now }
    }

    /// The manifest of a program for the host in memory, and its bytes.
    pub fn manifest(
        host: &Host,
        program: Program,
        run_spec: RunSpec,
        environment: &EnvironmentName,
    ) -> (Manifest, Vec<u8>) {
        let bytes = format!("a program: {program:?}").into_bytes();
        let artifact =
            Artifact { file: "program".to_owned(), digest: Digest::of(&bytes), size: bytes.len() as u64 };
        let manifest = Manifest {
            format: version::MANIFEST,
            service: host.service.clone(),
            source: Source { commit: None, subject: None, committed_at: None, tree: Tree::Unversioned },
            platform: Platform { os: "linux".to_owned(), arch: "amd64".to_owned() },
            artifact,
            environments: [(environment.clone(), run_spec)].into(),
        };
        (manifest, bytes)
    }
}

impl Subject for MemorySubject {
    fn call(&mut self, call: Call, content: &[u8]) -> Reply {
        let reply = self.agent.handle(call, content, self.now);
        self.agent.tick(self.now);
        reply
    }

    fn wait(&mut self) {
        self.now = self.now + Duration::from_millis(50);
        self.agent.tick(self.now);
    }

    fn restart_agent(&mut self) {
        self.agent = Agent::open(self.host.parts(), self.now).expect("the host can be opened again");
        self.agent.tick(self.now);
    }

    fn settings(&self) -> HostSettings {
        HostSettings {
            environment: "staging".parse().expect("a name"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            trusted_keys: vec![KEY.to_owned()],
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
        let (manifest, bytes) = Self::manifest(&self.host, program, run_spec, environment);
        let behaviour = Behaviour::default();
        let behaviour = match program {
            Program::Healthy(_) => behaviour,
            Program::Sick => Behaviour { status: 500, ..behaviour },
            Program::Exits => {
                Behaviour { ends: Some((Duration::from_millis(20), Exit::Code { code: 3 })), ..behaviour }
            }
            Program::Stubborn => Behaviour { stop_takes: Duration::MAX, ..behaviour },
        };
        self.host.behave(&manifest.release_id(), behaviour);
        let text = String::from_utf8(manifest.to_bytes()).expect("JSON is UTF-8");
        SignedRelease { signature: sign(&text, KEY), manifest, bytes }
    }

    fn kill(&mut self, instance: &InstanceId) {
        self.host.crash(instance, &Exit::Signal { signal: 9, out_of_memory: false });
    }

    fn occupy(&mut self, port: u16) {
        self.host.occupy(port, Holder { pid: Some(77), executable: Some("/usr/bin/x".into()) });
    }
}
