//! What the journal remembers. State is the fold of these records; nothing is ever changed or removed.
//!
//! Each record carries the hash of the one before it, so that an edit anywhere is seen from there on.

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::exit::ExitCode;
use crate::hook::{HookName, HookRun};
use crate::metrics::Reading;
use crate::plan::{HostAction, Plan};
use crate::release::Tree;
use crate::verdict::Assessment;
use crate::{Digest, EnvironmentName, Fence, HostName, InstanceId, ReleaseId, RolloutId, Timestamp};

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    /// Version of this format, [`crate::version::RECORD`].
    pub format: u32,
    /// Position in the journal, from 1, without gaps.
    pub sequence: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Who wrote it: `user@machine`.
    pub author: String,
    /// The environment that it is about, if it is about one.
    pub environment: Option<EnvironmentName>,
    /// The rollout that it belongs to, if it belongs to one.
    pub rollout: Option<RolloutId>,
    /// The lease under which it was written; absent on what people ask for.
    pub fence: Option<Fence>,
    /// What happened.
    pub entry: Entry,
    /// Hash of the record before; 64 zeros for the first.
    pub previous: Digest,
    /// SHA-256 of this record's JSON with `hash` left out.
    pub hash: Digest,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Entry {
    /// A release was sealed and given its number.
    ReleaseSealed {
        /// The number that people see: 42 for `r42`.
        number: u64,
        /// The release.
        release: ReleaseId,
        /// Digest of its manifest.
        manifest: Digest,
        /// The commit.
        commit: Option<String>,
        /// The commit's first line.
        subject: Option<String>,
        /// Whether the tree was clean.
        tree: Tree,
    },
    /// A gate decided.
    Gate {
        /// What it saw.
        evidence: Box<Evidence>,
    },
    /// A coordinator took the lease of the environment.
    LeaseTaken {
        /// Who.
        holder: String,
        /// Whose expired lease it was, if it was not given back.
        from: Option<String>,
    },
    /// A rollout began.
    Planned {
        /// Its plan.
        plan: Box<Plan>,
    },
    /// What the proxies had counted: before the new release gets its first weight or more of it, when the rollout turns
    /// back, and at its end. Written beside the analyses' looks, which have gaps where nobody looked.
    Counted {
        /// Each side on each host that answered.
        counts: Vec<Answered>,
    },
    /// Another coordinator took an unfinished rollout over.
    TakenOver {
        /// What it does with it: `continue` or `go back`, and why.
        course: String,
    },
    /// These changes are about to be made.
    Intended {
        /// The changes.
        actions: Vec<HostAction>,
    },
    /// The changes hold.
    Performed {
        /// The changes.
        actions: Vec<HostAction>,
        /// How many requests the split had given to each side when the traffic was spread anew, for the check of
        /// the observed share.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        assigned: Vec<Assigned>,
    },
    /// A change could not be made.
    ActionFailed {
        /// The change.
        action: HostAction,
        /// Why.
        error: String,
        /// Whether trying again may help.
        retry: bool,
    },
    /// A step was entered; its clock starts.
    StepEntered {
        /// Its index in the plan, from 0.
        step: u32,
    },
    /// A step is over.
    StepDone {
        /// Its index in the plan, from 0.
        step: u32,
        /// Why: weight verified, time over, shown good, approved.
        why: String,
    },
    /// An analysis looked at its source.
    Looked {
        /// The analysis.
        analysis: String,
        /// What it read, raw.
        reading: Reading,
    },
    /// An analysis came to another verdict, or the rollout ended.
    Assessed {
        /// Its figures.
        assessment: Box<Assessment>,
    },
    /// The rollout waits for a person.
    Held {
        /// Why.
        reason: HoldReason,
        /// When it goes back if nobody answers.
        until: Timestamp,
    },
    /// A person asked for something.
    Commanded {
        /// What.
        command: Command,
    },
    /// From here on everything is promoted: no step is left.
    Promoting {
        /// Why: all steps done, or a person said so.
        why: String,
    },
    /// A host is out of reach for too long, or cannot take the release: the rollout goes on without it.
    SetAside {
        /// The host.
        host: HostName,
        /// Why.
        reason: String,
        /// Since when it has not answered, if that is why.
        since: Option<Timestamp>,
    },
    /// Decided to go back.
    GoingBack {
        /// Why.
        reason: BackReason,
    },
    /// The rollout is over.
    Finished {
        /// How.
        outcome: Outcome,
        /// Why, in one sentence.
        summary: String,
    },
    /// The hooks that this rollout owes: what is not run when a command dies is run by the next.
    HooksDue {
        /// Which are declared.
        hooks: Vec<HookName>,
    },
    /// A hook is about to run.
    HookStarted {
        /// Which.
        hook: HookName,
        /// Its program and arguments, secrets masked.
        command: String,
    },
    /// A hook has run.
    HookEnded {
        /// What came of it.
        run: Box<HookRun>,
    },
    /// A person did something to an environment, or about a release, outside of a rollout.
    Operated {
        /// What.
        operation: Operation,
        /// The fencing token that the hosts were shown, where hosts were asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shown: Option<Fence>,
    },
}

/// What a person does outside of a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum Operation {
    /// Ran a command on hosts; written before it is run.
    Exec {
        /// Its name on the hosts.
        key: String,
        /// Where.
        hosts: Vec<HostName>,
        /// With which release's environment; absent for the current one.
        release: Option<ReleaseId>,
        /// The program and its arguments, secrets masked.
        command: String,
    },
    /// What came of a command on hosts.
    ExecEnded {
        /// Its name on the hosts.
        key: String,
        /// How it ended on each host.
        results: Vec<(HostName, String)>,
    },
    /// The proxy answers clients with a page.
    MaintenanceOn {
        /// Where.
        hosts: Vec<HostName>,
        /// The page's first line.
        message: String,
    },
    /// The proxy passes requests on again.
    MaintenanceOff {
        /// Where.
        hosts: Vec<HostName>,
    },
    /// Keeps a release for ever.
    Pin {
        /// Which.
        release: ReleaseId,
        /// Why.
        why: String,
    },
    /// Lets a release be removed again.
    Unpin {
        /// Which.
        release: ReleaseId,
    },
    /// Removed releases.
    Pruned {
        /// From the hosts.
        hosts: Vec<(HostName, Vec<ReleaseId>)>,
        /// From the project's own folder.
        here: Vec<ReleaseId>,
    },
    /// Stopped the service.
    Down {
        /// Where.
        hosts: Vec<HostName>,
    },
}

/// Requests that a host's proxy had given to one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Assigned {
    /// The host.
    pub host: HostName,
    /// The proxy's epoch: counts of another one are not comparable.
    pub epoch: u64,
    /// The side.
    pub release: ReleaseId,
    /// How many, since the proxy's start.
    pub requests: u64,
}

/// What a host's proxy had answered for one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Answered {
    /// The host.
    pub host: HostName,
    /// The proxy's epoch: counts of another one begin at zero.
    pub epoch: u64,
    /// The side.
    pub release: ReleaseId,
    /// Attempts that ended, since the proxy's start.
    pub requests: u64,
    /// Bad ends among them: answers with 5xx and failed attempts.
    pub bad: u64,
}

/// What a person can ask of a running rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum Command {
    /// Go back now.
    Abort,
    /// End the pause, hold or approval that is waited for, and go on.
    Promote,
    /// Skip every step that is left.
    PromoteFully,
    /// Stay as it is, whatever the steps' clocks say.
    Pause,
    /// Undo a pause.
    Resume,
    /// Go back because another release takes its place.
    Supersede {
        /// The other release.
        by: ReleaseId,
    },
    /// Allow a release that was rolled back to be tried again.
    Retry {
        /// The release.
        release: ReleaseId,
    },
}

/// Why a rollout waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum HoldReason {
    /// A pause without duration.
    Pause,
    /// A person paused it.
    PausedByPerson,
    /// A step that asks for approval.
    Approval {
        /// Who is asked.
        by: Option<String>,
    },
    /// An analysis came to no verdict.
    Inconclusive {
        /// Which.
        analysis: String,
    },
    /// An analysis had no data.
    NoData {
        /// Which.
        analysis: String,
    },
    /// The canary is worse than stable, within the limit.
    Warning {
        /// Which analysis says so.
        analysis: String,
    },
}

/// Why a rollout goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum BackReason {
    /// An analysis showed that the release is bad.
    Analysis {
        /// Which.
        analysis: String,
        /// Its words, with figures.
        summary: String,
        /// Whether the stable side was bad as well.
        shared: bool,
    },
    /// A person asked for it.
    Aborted {
        /// Who.
        by: String,
    },
    /// Another release takes its place.
    Superseded {
        /// Which.
        by: ReleaseId,
    },
    /// An instance could not be proved, or crashed.
    InstanceFailed {
        /// Where.
        host: HostName,
        /// Which.
        instance: InstanceId,
        /// What happened to it.
        detail: String,
    },
    /// A change could not be made.
    ActionFailed {
        /// Where and what.
        action: String,
        /// Why.
        error: String,
    },
    /// There was no progress for too long.
    NoProgress {
        /// What was waited for.
        waiting_for: String,
        /// Whether something speaks against the release, and not only against the way to its hosts.
        #[serde(default = "speaks_against_it")]
        against_release: bool,
    },
    /// The observed traffic does not follow the weights.
    TrafficMismatch {
        /// The figures.
        detail: String,
    },
    /// A host's dead man's switch went off.
    SwitchFired {
        /// Where.
        host: HostName,
        /// When.
        at: Timestamp,
        /// Whether something speaks against the release, beside the coordinator's silence.
        #[serde(default = "speaks_against_it")]
        against_release: bool,
    },
    /// More hosts are out of reach than may be set aside.
    HostLost {
        /// One of them.
        host: HostName,
        /// Why it is, and how many may be set aside.
        detail: String,
    },
    /// No person answered in time.
    NobodyAnswered {
        /// What was asked.
        asked: HoldReason,
    },
    /// An analysis without verdict or data, and the policy says to go back.
    Policy {
        /// Which analysis.
        analysis: String,
        /// What it lacked.
        detail: String,
    },
}

/// How it was read before rollouts told a lost coordinator from a bad release.
const fn speaks_against_it() -> bool {
    true
}

impl BackReason {
    /// Whether it is a reason against the release, and not against the way to its hosts, for another release, or for
    /// want of an answer. Only then is the release not tried again as it is.
    pub const fn is_against_release(&self) -> bool {
        match self {
            Self::NoProgress { against_release, .. } | Self::SwitchFired { against_release, .. } => {
                *against_release
            }
            Self::Superseded { .. }
            | Self::NobodyAnswered { .. }
            | Self::Policy { .. }
            | Self::HostLost { .. } => false,
            Self::Analysis { .. }
            | Self::Aborted { .. }
            | Self::InstanceFailed { .. }
            | Self::ActionFailed { .. }
            | Self::TrafficMismatch { .. } => true,
        }
    }
}

/// How a rollout ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The release serves everywhere.
    Promoted,
    /// The release serves on every host but those that were set aside.
    PromotedInPart,
    /// The one before serves everywhere; the release is not tried again as it is.
    RolledBack,
    /// The one before serves everywhere, because nobody could tell whether the release is good.
    Inconclusive,
    /// The one before serves everywhere, because another release takes this one's place.
    Superseded,
    /// A host refused the release before it took any traffic.
    Refused,
    /// Not everything could be brought back; hosts differ.
    Mixed,
    /// A person stopped the environment while the rollout was under way: nothing serves.
    Stopped,
}

impl Outcome {
    /// The exit code of a command whose rollout ended so.
    pub const fn exit_code(self) -> ExitCode {
        match self {
            Self::Promoted => ExitCode::Success,
            Self::RolledBack | Self::Superseded => ExitCode::RolledBack,
            Self::Inconclusive => ExitCode::Inconclusive,
            Self::Refused => ExitCode::Refused,
            Self::Mixed | Self::PromotedInPart => ExitCode::MixedFleet,
            Self::Stopped => ExitCode::LockHeld,
        }
    }

    /// Whether the release serves from then on.
    pub const fn is_promoted(self) -> bool {
        matches!(self, Self::Promoted | Self::PromotedInPart)
    }
}
