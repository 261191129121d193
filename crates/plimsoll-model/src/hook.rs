//! Hooks: programs of the project's own that run at moments of a rollout, where the command runs; `migrate` on one host.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Span;
use crate::record::Outcome;

/// A moment at which a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookName {
    /// Before anything is changed. Where it fails, the rollout is refused.
    PreDeploy,
    /// The release is on its hosts and none of it runs yet. The only one that runs on a host, with the release's program,
    /// environment and secrets. Where it fails, the rollout is refused.
    Migrate,
    /// The release serves everywhere.
    PostDeploy,
    /// The release was refused, or not every host could be brought back.
    DeployFailed,
    /// The release came back; the one before serves everywhere.
    RolledBack,
    /// The command leaves while a person is waited for.
    Held,
}

impl HookName {
    /// All that run where the command runs.
    pub const ALL: [Self; 5] =
        [Self::PreDeploy, Self::PostDeploy, Self::DeployFailed, Self::RolledBack, Self::Held];

    /// Its name, as in `[hooks.<name>]` and `PLIMSOLL_HOOK`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreDeploy => "pre-deploy",
            Self::Migrate => "migrate",
            Self::PostDeploy => "post-deploy",
            Self::DeployFailed => "deploy-failed",
            Self::RolledBack => "rolled-back",
            Self::Held => "held",
        }
    }

    /// The hook of a rollout that ended so. Every end has exactly one.
    pub const fn of_end(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Promoted | Outcome::PromotedInPart => Self::PostDeploy,
            Outcome::RolledBack | Outcome::Inconclusive | Outcome::Superseded => Self::RolledBack,
            Outcome::Refused | Outcome::Mixed | Outcome::Stopped => Self::DeployFailed,
        }
    }

    /// Whether its failure stops what it stands before. The others only tell of what has happened.
    pub const fn decides(self) -> bool {
        matches!(self, Self::PreDeploy | Self::Migrate)
    }
}

impl std::fmt::Display for HookName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// What a hook runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HookSpec {
    /// The program and its arguments, run without a shell in the folder of the configuration file; `migrate` in the
    /// service's shared folder, with `{artifact}` for the release's program.
    pub command: Vec<String>,
    /// The longest time that it may take.
    pub timeout: Span,
}

/// The declared hooks.
pub type Hooks = BTreeMap<HookName, HookSpec>;

/// What came of a hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HookRun {
    /// Which.
    pub hook: HookName,
    /// Whether it exited with 0.
    pub passed: bool,
    /// How it ended, in words: `exited with 3`.
    pub ending: String,
    /// How long it took.
    pub took: Span,
    /// Its last lines, masked and bounded.
    pub last_lines: Vec<String>,
}

/// A variable of a hook's environment.
pub struct HookVariable {
    /// Its name.
    pub name: &'static str,
    /// What it holds, for the reference page.
    pub about: &'static str,
}

/// The variables that `migrate` finds beside those of the release's environment.
pub const MIGRATE_VARIABLES: [HookVariable; 8] = [
    HookVariable { name: "PLIMSOLL_HOOK", about: "`migrate`." },
    HookVariable { name: "PLIMSOLL_SERVICE", about: "The service." },
    HookVariable { name: "PLIMSOLL_ENVIRONMENT", about: "The environment." },
    HookVariable { name: "PLIMSOLL_ROLLOUT", about: "The rollout, as `production-7`." },
    HookVariable { name: "PLIMSOLL_KIND", about: "`initial` or `update`." },
    HookVariable { name: "PLIMSOLL_RELEASE", about: "The release's identifier: twelve hexadecimal digits." },
    HookVariable {
        name: "PLIMSOLL_REPLACES",
        about: "The identifier of the release that serves meanwhile; empty where none does.",
    },
    HookVariable {
        name: "PLIMSOLL_ARTIFACT",
        about: "The path of the release's program on the host, as `{artifact}` in the command.",
    },
];

/// The variables that a hook finds beside those that the command itself was started with. One without a value is
/// empty, so that a script may run with `set -u`.
pub const HOOK_VARIABLES: [HookVariable; 16] = [
    HookVariable { name: "PLIMSOLL_HOOK", about: "The hook's name, as `pre-deploy`." },
    HookVariable { name: "PLIMSOLL_SERVICE", about: "The service." },
    HookVariable { name: "PLIMSOLL_ENVIRONMENT", about: "The environment." },
    HookVariable { name: "PLIMSOLL_ROLLOUT", about: "The rollout, as `production-7`." },
    HookVariable { name: "PLIMSOLL_KIND", about: "`initial`, `update`, `rollback` or `converge`." },
    HookVariable { name: "PLIMSOLL_RELEASE", about: "The release's identifier: twelve hexadecimal digits." },
    HookVariable { name: "PLIMSOLL_RELEASE_NUMBER", about: "Its number: `42` for r42." },
    HookVariable { name: "PLIMSOLL_COMMIT", about: "The full hash of the commit that it was built from." },
    HookVariable {
        name: "PLIMSOLL_REPLACES",
        about: "The identifier of the release that served before; empty where none did.",
    },
    HookVariable { name: "PLIMSOLL_REPLACES_NUMBER", about: "Its number." },
    HookVariable { name: "PLIMSOLL_HOSTS", about: "The rollout's hosts, separated by commas." },
    HookVariable {
        name: "PLIMSOLL_OUTCOME",
        about: "`promoted`, `rolled-back`, `inconclusive`, `superseded`, `refused` or `mixed`; `held` for the hook of that name; empty before the end.",
    },
    HookVariable {
        name: "PLIMSOLL_REASON",
        about: "Why it ended so, in one sentence; empty before the end.",
    },
    HookVariable { name: "PLIMSOLL_PERFORMER", about: "Who runs the command: `user@machine`." },
    HookVariable { name: "PLIMSOLL_RUNTIME_SECONDS", about: "Whole seconds since the rollout began." },
    HookVariable {
        name: "PLIMSOLL_ATTEMPT",
        about: "1; higher where a command was killed while the hook ran and another one runs it again.",
    },
];
