//! A release: what was built, from what, and everything it runs with.
//!
//! A release is sealed once and never changed. Its manifest covers the artifact's digest *and* the configuration
//! for every environment, so that going back to a release brings back both. On disk it is a folder
//! `releases/<id>/` with `manifest.json`, `manifest.json.minisig` and the artifact.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::hook::HookSpec;
use crate::{Digest, EnvironmentName, ReleaseId, ServiceName, Share, Span, Timestamp};

/// Name of the manifest inside a release's folder.
pub const MANIFEST_FILE: &str = "manifest.json";
/// Name of the manifest's signature (minisign's format) inside a release's folder.
pub const SIGNATURE_FILE: &str = "manifest.json.minisig";

/// What a release is. Its bytes, as written, give the release its identifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format, [`crate::version::MANIFEST`].
    pub format: u32,
    /// The service.
    pub service: ServiceName,
    /// Where the artifact came from.
    pub source: Source,
    /// What the artifact was built for.
    pub platform: Platform,
    /// The program.
    pub artifact: Artifact,
    /// What it runs with, for each environment.
    pub environments: BTreeMap<EnvironmentName, RunSpec>,
}

/// The commit that a release was built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Source {
    /// The commit's full hash; absent outside version control.
    pub commit: Option<String>,
    /// The first line of the commit's message.
    pub subject: Option<String>,
    /// When it was committed.
    pub committed_at: Option<Timestamp>,
    /// Whether the tree held anything that the commit does not.
    pub tree: Tree,
}

/// State of the source tree at the time of the build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Tree {
    /// Exactly the commit.
    Clean,
    /// Changed or new files beside the commit.
    Dirty {
        /// How many.
        files: u32,
        /// Digest of what differs, so that two dirty trees are told apart.
        changes: Digest,
    },
    /// There is no version control, or it did not answer.
    Unversioned,
}

/// An operating system and a processor architecture, in Go's words (`linux`, `amd64`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Platform {
    /// `linux`, `darwin`, `windows`.
    pub os: String,
    /// `amd64`, `arm64`, `arm`, `riscv64`, ...
    pub arch: String,
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.arch)
    }
}

/// The program file of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Artifact {
    /// Its file name inside the release's folder; no path.
    pub file: String,
    /// SHA-256 of its bytes. The health gate compares the running process with it.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// Everything a release runs with in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RunSpec {
    /// Arguments; `{port}` stands for the instance's port. The port is also in the variable `PORT`.
    pub args: Vec<String>,
    /// Environment variables. Nothing is inherited from the agent but `PATH`, `HOME`, `LANG` and `TZ`.
    pub variables: BTreeMap<String, String>,
    /// Environment variables whose values are secret: only the reference is part of the release.
    pub secrets: BTreeMap<String, SecretReference>,
    /// Bounds on what an instance may use.
    pub limits: Limits,
    /// How an instance shows that it is healthy.
    pub health: Health,
    /// What happens when it exits by itself.
    pub restart: Restart,
    /// How long a retired instance may finish its requests.
    pub drain_timeout: Span,
    /// How long it has between SIGTERM and SIGKILL.
    pub stop_timeout: Span,
    /// Why nobody may go back past this release once it has served: what it did to its data cannot be undone.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rollback_block: Option<String>,
    /// Whether the program tells its service manager when it is ready (`sd_notify`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub notify: bool,
    /// How much of the sandbox is on, where the host's systemd makes one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hardening: Hardening,
    /// Capabilities that it keeps, as `CAP_NET_BIND_SERVICE`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub capabilities: Vec<String>,
    /// The account that it runs as; absent for one of its own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub user: Option<String>,
    /// What runs once, on one host, before any instance of the release does.
    #[serde(default, skip_serializing_if = "is_default")]
    pub migrate: Option<HookSpec>,
}

/// How much of the sandbox is on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hardening {
    /// All of it.
    #[default]
    Strict,
    /// All but what forbids making code at run time, and the filter of system calls: for Java, .NET, Node and others.
    Jit,
    /// Only that it gets no more rights than it has.
    Off,
}

/// Left out of a manifest where it is as before: releases of before keep their identifiers, and older readers can read
/// those that ask for nothing new.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Where a secret's value is found when an instance starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretReference {
    /// A variable in the environment of the command that deploys.
    Env(String),
    /// A file on the host, without its final line break.
    File(String),
}

/// Bounds on one instance. Absent means not limited.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Limits {
    /// Memory in bytes; beyond it the kernel ends the instance.
    pub memory: Option<u64>,
    /// Processor time in hundredths of a core: 100 is one core, 250 is two and a half.
    pub cpu: Option<u32>,
    /// Open files.
    pub open_files: Option<u64>,
}

/// The health gate of an instance: a probe over HTTP, and the proof that the right process answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Health {
    /// Path of the probe; any answer from 200 to 299 is healthy.
    pub path: String,
    /// Time between two probes.
    pub interval: Span,
    /// Time that one probe may take.
    pub timeout: Span,
    /// Time that an instance must stay up, healthy and unrestarted before it takes traffic (Nomad's
    /// `min_healthy_time`).
    pub min_healthy_time: Span,
    /// Time from its start within which it must get there (Nomad's `healthy_deadline`).
    pub healthy_deadline: Span,
    /// Failed probes in a row after which a serving instance gets no more requests.
    pub unhealthy_after: u32,
}

/// Restart policy. After `attempts` restarts within `window` the instance is given up as a crash loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Restart {
    /// Restarts allowed within the window; 0 never restarts.
    pub attempts: u32,
    /// The window.
    pub window: Span,
    /// Pause before a restart.
    pub delay: Span,
}

impl Default for RunSpec {
    fn default() -> Self {
        Self {
            args: Vec::new(),
            variables: BTreeMap::new(),
            secrets: BTreeMap::new(),
            limits: Limits::default(),
            health: Health::default(),
            restart: Restart::default(),
            drain_timeout: Span::from_secs(30),
            stop_timeout: Span::from_secs(10),
            rollback_block: None,
            notify: false,
            hardening: Hardening::default(),
            capabilities: Vec::new(),
            user: None,
            migrate: None,
        }
    }
}

impl Default for Health {
    fn default() -> Self {
        Self {
            path: "/healthz".to_owned(),
            interval: Span::from_secs(1),
            timeout: Span::from_secs(5),
            min_healthy_time: Span::from_secs(3),
            healthy_deadline: Span::from_secs(30),
            unhealthy_after: 3,
        }
    }
}

impl Default for Restart {
    fn default() -> Self {
        Self { attempts: 3, window: Span::from_secs(60), delay: Span::from_secs(1) }
    }
}

impl Manifest {
    /// The bytes that are stored, signed and hashed: JSON with sorted keys and a final line break.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a manifest has only string keys");
        bytes.push(b'\n');
        bytes
    }

    /// Digest of the manifest's bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// The identifier that the manifest gives its release.
    pub fn release_id(&self) -> ReleaseId {
        ReleaseId::of_manifest(&self.digest())
    }
}

impl RunSpec {
    /// The share of requests over the latency limit that a P99 allows: one in a hundred.
    pub const P99_EXCEEDANCE: Share = Share::percent(1);
}
