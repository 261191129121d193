//! Releases of the simulated service: content, signature, and how they behave once they run.

use std::collections::BTreeMap;
use std::sync::Mutex;

use plimsoll_agent::memory::{Behaviour, sign};
use plimsoll_engine::world::{ContentError, ReleaseContent, Secrets, SignedManifest};
use plimsoll_model::event::ReleaseLabel;
use plimsoll_model::release::{Artifact, Health, Platform, Restart, RunSpec, Source, Tree};
use plimsoll_model::{Digest, EnvironmentName, Manifest, ReleaseId, Secret, ServiceName, Span, version};

/// The key that simulated hosts trust.
pub const KEY: &str = "the simulator's key";

/// How a release answers requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// Share answered with 5xx.
    pub errors: f64,
    /// Median seconds of an answer.
    pub median: f64,
    /// Standard deviation of the logarithm of the seconds.
    pub spread: f64,
}

impl Default for Answers {
    fn default() -> Self {
        Self { errors: 0.002, median: 0.020, spread: 0.6 }
    }
}

/// A release of the simulated service.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its number: 2 for `r2`.
    pub number: u64,
    /// Its identifier.
    pub id: ReleaseId,
    /// Its manifest.
    pub manifest: Manifest,
    /// The artifact's bytes.
    pub bytes: Vec<u8>,
    /// How it answers requests.
    pub answers: Answers,
    /// How its program behaves.
    pub behaviour: Behaviour,
}

impl Release {
    /// A healthy release of this number, with a configuration of its own.
    pub fn new(number: u64) -> Self {
        Self::with(number, &run_spec(number))
    }

    /// A healthy release that runs with `run`.
    pub fn with(number: u64, run: &RunSpec) -> Self {
        let bytes = format!("program {number}").into_bytes();
        let artifact =
            Artifact { file: "greeter".to_owned(), digest: Digest::of(&bytes), size: bytes.len() as u64 };
        let manifest = Manifest {
            format: version::MANIFEST,
            service: service(),
            source: Source { commit: None, subject: None, committed_at: None, tree: Tree::Unversioned },
            platform: Platform { os: "linux".to_owned(), arch: "amd64".to_owned() },
            artifact,
            environments: [(environment(), run.clone())].into(),
        };
        let id = manifest.release_id();
        Self { number, id, manifest, bytes, answers: Answers::default(), behaviour: Behaviour::default() }
    }

    /// The name that people use.
    pub fn label(&self) -> ReleaseLabel {
        ReleaseLabel { number: Some(self.number), release: self.id.clone(), commit: None }
    }
}

/// What an instance of release `number` runs with: short times, and a variable that tells configurations apart.
pub fn run_spec(number: u64) -> RunSpec {
    RunSpec {
        variables: [("GREETING".to_owned(), format!("hello from {number}"))].into(),
        health: Health {
            interval: Span::from_millis(500),
            timeout: Span::from_secs(1),
            min_healthy_time: Span::from_secs(1),
            healthy_deadline: Span::from_secs(15),
            ..Health::default()
        },
        restart: Restart { attempts: 2, window: Span::from_secs(60), delay: Span::from_millis(500) },
        drain_timeout: Span::from_secs(5),
        stop_timeout: Span::from_secs(2),
        ..RunSpec::default()
    }
}

/// The simulated service.
pub fn service() -> ServiceName {
    "greeter".parse().expect("a name")
}

/// The simulated environment.
pub fn environment() -> EnvironmentName {
    "production".parse().expect("a name")
}

/// The releases that a coordinator has at hand.
#[derive(Debug, Default)]
pub struct Releases {
    known: Mutex<BTreeMap<ReleaseId, Release>>,
}

impl Releases {
    /// Adds a release, or replaces what is known of it.
    pub fn add(&self, release: Release) {
        self.lock().insert(release.id.clone(), release);
    }

    /// A release by its identifier.
    pub fn get(&self, id: &ReleaseId) -> Option<Release> {
        self.lock().get(id).cloned()
    }

    /// All labels.
    pub fn labels(&self) -> Vec<ReleaseLabel> {
        self.lock().values().map(Release::label).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<ReleaseId, Release>> {
        self.known.lock().expect("no holder of the lock panics")
    }
}

impl ReleaseContent for Releases {
    fn manifest(&self, release: &ReleaseId) -> Result<SignedManifest, ContentError> {
        let missing =
            || ContentError { release: release.clone(), why: "there is no such release".to_owned() };
        let found = self.get(release).ok_or_else(missing)?;
        let manifest = String::from_utf8(found.manifest.to_bytes()).expect("JSON is UTF-8");
        let signature = sign(&manifest, KEY);
        Ok(SignedManifest { manifest, signature })
    }

    fn artifact(&self, release: &ReleaseId, offset: u64, length: usize) -> Result<Vec<u8>, ContentError> {
        let missing =
            || ContentError { release: release.clone(), why: "there is no such release".to_owned() };
        let bytes = self.get(release).ok_or_else(missing)?.bytes;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        // Small pieces, so that an upload can break off in the middle.
        Ok(bytes[from..].iter().take(length.min(5)).copied().collect())
    }
}

/// No secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn variable(&self, _name: &str) -> Option<Secret> {
        None
    }
}
