//! Releases of the tiny service.

use std::fs;
use std::path::PathBuf;

use plimsoll_agent::conformance::{Program, SignedRelease};
use plimsoll_artifact::signature::SecretKey;
use plimsoll_model::release::{Artifact, Platform, RunSpec, Source, Tree};
use plimsoll_model::{Digest, EnvironmentName, Manifest, ServiceName, version};

/// A built example of this crate.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().unwrap().parent().unwrap().join("examples").join(name);
    assert!(
        built.exists(),
        "{} is not built; run `cargo build -p plimsoll-agent --examples`",
        built.display()
    );
    built
}

/// Makes signed releases of one service.
pub(crate) struct Releases {
    pub(crate) key: SecretKey,
    pub(crate) service: ServiceName,
}

impl Releases {
    pub(crate) fn new(service: ServiceName) -> Self {
        Self { key: SecretKey::generate().unwrap(), service }
    }

    /// A release of a program that behaves so.
    pub(crate) fn of(
        &self,
        program: Program,
        mut run_spec: RunSpec,
        environment: &EnvironmentName,
    ) -> SignedRelease {
        let mut set = |name: &str, value: &str| {
            run_spec.variables.insert(name.to_owned(), value.to_owned());
            200
        };
        let number = match program {
            Program::Healthy(number) => number,
            Program::Sick => set("TINY_HEALTH", "500"),
            Program::Exits => set("TINY_EXIT", "3"),
            Program::Stubborn => set("TINY_STUBBORN", "1"),
        };
        let mut bytes = fs::read(example("tiny_service")).unwrap();
        // What follows an ELF file's sections is not loaded; it makes another release of the same program.
        bytes.push(number);
        self.sign(bytes, run_spec, environment)
    }

    /// A release of these bytes.
    pub(crate) fn sign(
        &self,
        bytes: Vec<u8>,
        run_spec: RunSpec,
        environment: &EnvironmentName,
    ) -> SignedRelease {
        let digest = Digest::of(&bytes);
        let artifact = Artifact { file: "tiny-service".to_owned(), digest, size: bytes.len() as u64 };
        let manifest = Manifest {
            format: version::MANIFEST,
            service: self.service.clone(),
            source: Source { commit: None, subject: None, committed_at: None, tree: Tree::Unversioned },
            platform: Platform { os: "linux".to_owned(), arch: "amd64".to_owned() },
            artifact,
            environments: [(environment.clone(), run_spec)].into(),
        };
        let signature = self.key.sign(&manifest.to_bytes(), "a test").to_string();
        SignedRelease { manifest, signature, bytes }
    }
}
