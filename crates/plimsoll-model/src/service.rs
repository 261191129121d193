//! The resolved configuration of a service: `plimsoll.toml` with all defaults filled in and nothing optional
//! that need not be.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::hook::Hooks;
use crate::preflight::Requires;
use crate::release::RunSpec;
use crate::rollout::RolloutSpec;
use crate::ssh::SshTarget;
use crate::traffic::Stickiness;
use crate::{EnvironmentName, HostName, ServiceName, Span};

/// A service and everything declared about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Service {
    /// Its name.
    pub name: ServiceName,
    /// How its artifact is made.
    pub build: BuildSpec,
    /// Gates between build and deployment.
    pub gates: GatesSpec,
    /// Keys of the signature.
    pub signing: SigningSpec,
    /// The regression test, if there is one.
    pub test: Option<TestSpec>,
    /// Programs that run at moments of a rollout.
    #[serde(default)]
    pub hooks: Hooks,
    /// The environments, by name.
    pub environments: BTreeMap<EnvironmentName, Environment>,
    /// How many releases a host keeps beside the current, the last known good and the pinned ones.
    pub keep_releases: u32,
}

/// How the artifact is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BuildSpec {
    /// The builder.
    pub builder: Builder,
    /// Folder of the project, relative to the configuration file.
    pub folder: PathBuf,
    /// Variables added to the build's environment.
    pub variables: BTreeMap<String, String>,
    /// The longest time that it may take.
    pub timeout: Span,
}

/// What runs to make the artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Builder {
    /// `go build` in a module.
    Go {
        /// The package of the program, `./cmd/greeter` or `.`.
        package: String,
        /// Extra arguments.
        flags: Vec<String>,
        /// Whether cgo may be used; off makes a program that needs no libraries.
        cgo: bool,
    },
    /// `cargo build --release --locked`.
    Rust {
        /// The binary target.
        binary: String,
        /// The package that has it, in a workspace.
        package: Option<String>,
        /// Extra arguments.
        flags: Vec<String>,
        /// Whether the C library is linked statically (`-C target-feature=+crt-static`).
        static_libc: bool,
    },
    /// `CMake`'s configure and build.
    Cmake {
        /// The target to build.
        target: String,
        /// The program that results, relative to the build folder.
        output: PathBuf,
        /// Extra arguments of the configure step.
        flags: Vec<String>,
    },
    /// Any command that makes a file. It is run as it is, without a shell.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
        /// The file that it makes, relative to the project's folder.
        output: PathBuf,
    },
}

/// Gates between build and deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GatesSpec {
    /// What happens when the tree holds changes that the commit does not.
    pub dirty: DirtyPolicy,
}

/// What happens when the tree is dirty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DirtyPolicy {
    /// Go on and say it loudly, in every place that names the release.
    Warn,
    /// Refuse.
    Refuse,
}

/// Keys of the signature, in minisign's format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SigningSpec {
    /// The secret key's file; made at first use where it is absent and the default.
    pub secret_key: PathBuf,
    /// The public keys that a host accepts, in base64 as minisign prints them. Empty: the secret key's own.
    pub trusted_keys: Vec<String>,
}

/// The regression test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TestSpec {
    /// The program and its arguments, run without a shell. `PLIMSOLL_URL` is where the service answers.
    pub command: Vec<String>,
    /// The environment that it runs against, deployed before any other.
    pub environment: EnvironmentName,
    /// The longest time that it may take.
    pub timeout: Span,
}

/// A place that a release is deployed to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// What kind of place it is.
    pub target: Target,
    /// Instances on each host.
    pub instances: u32,
    /// Where clients reach the service: the proxy's address.
    pub listen: SocketAddr,
    /// Where people and the regression test reach the service, if that is not the proxy's address itself.
    pub url: Option<String>,
    /// Which requests stay with the release they met first.
    pub stickiness: Stickiness,
    /// What an instance runs with.
    pub run: RunSpec,
    /// How a release comes in.
    pub rollout: RolloutSpec,
    /// What its hosts must have.
    pub requires: Requires,
}

/// What kind of place an environment is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Target {
    /// This machine, with nothing installed: a supervisor of ours and files below `root`.
    Local {
        /// Folder of releases and state.
        root: PathBuf,
    },
    /// Hosts that the operator's own ssh reaches.
    Ssh(SshTarget),
}

impl Target {
    /// How many hosts are worked on at the same time.
    pub fn parallel(&self) -> usize {
        match self {
            Self::Local { .. } => 1,
            Self::Ssh(target) => target.parallel as usize,
        }
    }

    /// The hosts, as the operator names them, in the order of the configuration.
    pub fn host_names(&self) -> Vec<HostName> {
        match self {
            Self::Local { .. } => vec![HostName::local()],
            Self::Ssh(target) => target.hosts.iter().map(|host| host.name.clone()).collect(),
        }
    }
}
