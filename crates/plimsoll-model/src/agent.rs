//! What coordinator and agent say to each other.
//!
//! A frame is a kind byte, a length of four bytes (big endian) and that many bytes: a [`Call`] or [`Reply`] as
//! JSON, or raw content that belongs to the call before it. Frames are bounded by [`MAX_FRAME`]. Every request
//! that changes something carries the coordinator's fencing token, and may be sent twice: the second time changes
//! nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::facts::{FactsOrder, HostFacts};
use crate::observation::HostObservation;
use crate::traffic::{Maintenance, Stickiness};
use crate::transfer::{BaseRelease, Packed};
use crate::version::{OLDEST_PROTOCOL, PROTOCOL};
use crate::{
    Digest, EnvironmentName, Fence, InstanceId, ReleaseId, RolloutId, Secret, ServiceName, Share, Span,
    Timestamp,
};

/// Kind byte of a frame that holds a [`Call`].
pub const FRAME_CALL: u8 = 1;
/// Kind byte of a frame that holds a [`Reply`].
pub const FRAME_REPLY: u8 = 2;
/// Kind byte of a frame that holds the raw content of the call before it.
pub const FRAME_CONTENT: u8 = 3;
/// Largest frame in bytes that either side accepts.
pub const MAX_FRAME: u32 = 8 * 1024 * 1024;
/// Largest piece of content in one frame, in bytes.
pub const CHUNK: usize = 1024 * 1024;

/// Largest page of an instance in bytes; as JSON text it must still fit into a frame.
pub const MAX_PAGE: u32 = 3 * 1024 * 1024;

/// A request to the agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Call {
    /// Pairs the reply with its call.
    pub id: u64,
    /// The service that it is about.
    pub service: ServiceName,
    /// The coordinator's token; needed by every request that changes something.
    pub fence: Option<Fence>,
    /// The request.
    pub request: Request,
    /// Length in bytes of the raw content in the frame that follows; 0 where none does.
    pub content: u32,
}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reply {
    /// The call's identifier.
    pub id: u64,
    /// What came of it.
    pub result: Result<Response, Refusal>,
}

/// What the agent can be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Request {
    /// Opens a connection. The agent answers [`Response::Welcome`] or refuses the version. See [`Request::hello`].
    Hello {
        /// The oldest protocol that the caller speaks. Agents that know no ranges compare it with their own.
        protocol: u32,
        /// The newest protocol that the caller speaks; absent where it speaks only one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        newest: Option<u32>,
        /// The caller's version, for messages.
        version: String,
        /// Who calls, `user@machine`, for the host's trail.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        author: Option<String>,
    },
    /// Says what the service is on this host: where it is reached and whose signatures count.
    Prepare {
        /// The settings.
        settings: HostSettings,
    },
    /// What the host sees now. Changes nothing.
    Observe,
    /// Announces a release; answered with how much of its artifact is already here.
    Offer {
        /// The release.
        release: ReleaseId,
        /// `manifest.json`, exactly as it was signed.
        manifest: String,
        /// Its signature, in minisign's format.
        signature: String,
    },
    /// A piece of the offered artifact; the bytes follow as raw content. A piece that begins at 0 and is packed in
    /// another way than those that are here replaces them.
    Upload {
        /// The release.
        release: ReleaseId,
        /// What the bytes are; none where they are the artifact itself. Since protocol 2.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        packed: Option<Packed>,
        /// Where the piece begins.
        offset: u64,
    },
    /// Unpacks and verifies what was uploaded (signature, digests) and makes it a release.
    Seal {
        /// The release.
        release: ReleaseId,
    },
    /// Starts an instance on a port of the host's choice, unless it runs already.
    Start {
        /// The instance.
        instance: InstanceId,
        /// Values of the secrets that the operator's environment holds.
        secrets: BTreeMap<String, Secret>,
    },
    /// Spreads the traffic anew. Refused where a side with weight has no ready instance.
    Route {
        /// The sides; their weights add up to 100 %, or none for "answer nothing".
        weights: Vec<ArmWeight>,
    },
    /// Takes instances out of the traffic, lets them finish, stops them. Goes on without the coordinator.
    Retire {
        /// The instances.
        instances: Vec<InstanceId>,
    },
    /// Arms the dead man's switch, or renews it with other orders.
    Arm {
        /// What to do when no word comes.
        switch: SwitchOrders,
    },
    /// Word from the coordinator: moves the switch's deadline out.
    Confirm,
    /// Takes the switch off.
    Disarm,
    /// Makes the release the current one and takes the switch off. The point of no return of a rollout.
    Commit {
        /// The release.
        release: ReleaseId,
        /// The rollout that it came with.
        rollout: RolloutId,
    },
    /// Lines from the instances' logs.
    Logs {
        /// Only of this release.
        release: Option<ReleaseId>,
        /// Only of this instance.
        instance: Option<InstanceId>,
        /// At most so many of the newest lines.
        lines: u32,
        /// Only lines after this point of an earlier answer.
        after: Option<LogCursor>,
    },
    /// Removes releases beyond the newest `keep`; never the current one, the last known good one, one that runs
    /// or one of `pinned`.
    Prune {
        /// How many to keep.
        keep: u32,
        /// Never removed.
        pinned: Vec<ReleaseId>,
    },
    /// Stops every instance and the proxy of the service, and keeps releases and history.
    Down,
    /// Runs a process of a release once, as the instances run: asked again with the same key it is not run again.
    /// Answered at once with [`Response::Once`]; it goes on without the coordinator, until its time is over. Since
    /// protocol 2.
    Once {
        /// What to run.
        order: OnceOrder,
    },
    /// Ends a process that runs once, as if its time were over. Since protocol 2.
    EndOnce {
        /// Its key.
        key: String,
    },
    /// What became of a process that runs once, and what it printed. Changes nothing. Since protocol 2.
    OnceState {
        /// Its key.
        key: String,
        /// Only lines after this point of an earlier answer.
        after: Option<LogCursor>,
    },
    /// What was done to the service on this host, oldest first. Changes nothing. Since protocol 2.
    Trail,
    /// Has the proxy answer clients with a page instead of passing requests on; none ends that. Since protocol 2.
    Maintain {
        /// The page.
        page: Option<Maintenance>,
    },
    /// Asks a running instance for one of its pages (`GET`, on the host's loopback). Since protocol 2.
    Fetch {
        /// The instance; nothing else on the host can be asked.
        instance: InstanceId,
        /// The page's path.
        path: String,
        /// The longest content that is wanted, in bytes; at most [`MAX_PAGE`].
        limit: u32,
    },
    /// What the host is: processor, memory, disk, clock, ports, and what comes of the probes. Changes nothing. Since
    /// protocol 2.
    Facts {
        /// What is asked beside what it always tells.
        order: Box<FactsOrder>,
    },
}

/// A process that runs once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OnceOrder {
    /// Names it: at most 100 of letters, digits, `-`, `.`.
    pub key: String,
    /// The rollout that it belongs to, if it belongs to one.
    pub rollout: Option<RolloutId>,
    /// The release whose environment it gets; absent for the current one.
    pub release: Option<ReleaseId>,
    /// The number of an instance of the release whose port it shall know.
    pub instance: Option<u32>,
    /// The program and its arguments; `{artifact}` in them stands for the release's program.
    pub command: Vec<String>,
    /// More of its environment.
    pub variables: BTreeMap<String, String>,
    /// Values of the secrets that the operator's environment holds. One that is not sent is taken from an instance
    /// that runs with it.
    pub secrets: BTreeMap<String, Secret>,
    /// The longest time that it may take; then it is ended.
    pub timeout: Span,
}

/// What became of a process that runs once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum OnceState {
    /// It runs, or is about to.
    Running {
        /// When it is ended.
        until: Timestamp,
    },
    /// It is over.
    Ended {
        /// Its exit code, where it has one.
        code: Option<i32>,
        /// How it ended, as a fragment: `exited with code 3`.
        how: String,
    },
}

/// What a service is on a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostSettings {
    /// The environment that the host belongs to.
    pub environment: EnvironmentName,
    /// Where clients reach the service.
    pub listen: SocketAddr,
    /// Public keys (base64, minisign's format) whose signatures are accepted.
    pub trusted_keys: Vec<String>,
    /// Which requests stay with a side.
    pub stickiness: Stickiness,
    /// Upper bounds of the proxy's latency histogram, in seconds.
    pub latency_bounds: Vec<f64>,
}

/// A side and its share of the traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ArmWeight {
    /// The release.
    pub release: ReleaseId,
    /// Its share.
    pub weight: Share,
    /// The instances that take it.
    pub instances: Vec<InstanceId>,
}

/// What the host does when the coordinator is silent for too long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SwitchOrders {
    /// The rollout that armed it.
    pub rollout: RolloutId,
    /// How long silence may last.
    pub after: Span,
    /// The traffic to return to; empty where nothing served before.
    pub back_to: Vec<ArmWeight>,
    /// The instances to retire then.
    pub retire: Vec<InstanceId>,
}

/// Where a reader of logs stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogCursor {
    /// Time of the last line seen.
    pub at: Timestamp,
    /// Lines of that very time already seen.
    pub seen: u32,
}

/// One line of an instance's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogLine {
    /// When it was read.
    pub at: Timestamp,
    /// The instance.
    pub instance: InstanceId,
    /// Where it was written.
    pub stream: LogStream,
    /// Its text, cut to a bounded length, without line break.
    pub text: String,
}

/// Where an instance wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// The agent's own remarks: started, exited, killed.
    Agent,
}

/// The agent's answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Response {
    /// To [`Request::Hello`].
    Welcome {
        /// The agent's version, for messages.
        version: String,
        /// The agent's process.
        pid: u32,
        /// The protocol that both sides speak from now on.
        #[serde(default = "first_protocol")]
        protocol: u32,
    },
    /// To [`Request::Observe`].
    Observed {
        /// What the host sees.
        observation: Box<HostObservation>,
    },
    /// To [`Request::Offer`] and [`Request::Upload`].
    Have {
        /// Bytes that are here, from the beginning: of what `packed` names.
        bytes: u64,
        /// Digest of the packed artifact that they belong to; none where they are the artifact itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        packed: Option<Digest>,
        /// Whether the release is sealed already.
        sealed: bool,
        /// To an offer: sealed releases that patches can be against, newest first, at most
        /// [`crate::transfer::MAX_BASES`]. Agents of protocol 1 have none to tell and take no packed artifact.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bases: Option<Vec<BaseRelease>>,
    },
    /// To [`Request::Start`].
    Started {
        /// The port that the instance was given.
        port: u16,
    },
    /// To [`Request::Route`]: the table as read back from the proxy.
    Routed {
        /// Its version.
        version: u64,
        /// The sides in force.
        weights: Vec<ArmWeight>,
    },
    /// To [`Request::Logs`].
    Lines {
        /// The lines, oldest first.
        lines: Vec<LogLine>,
        /// Where to go on.
        cursor: Option<LogCursor>,
    },
    /// To [`Request::Prune`].
    Pruned {
        /// What was removed.
        removed: Vec<ReleaseId>,
    },
    /// To [`Request::Fetch`].
    Page {
        /// The answer's status.
        status: u16,
        /// Its content; bytes that are no UTF-8 are replaced.
        body: String,
    },
    /// To every other request: it holds now.
    Done,
    /// To [`Request::Once`] and [`Request::OnceState`].
    Once {
        /// What became of it.
        state: OnceState,
        /// The release whose environment it has.
        release: ReleaseId,
        /// What it printed, oldest first, secrets masked.
        lines: Vec<LogLine>,
        /// Where to go on.
        cursor: Option<LogCursor>,
    },
    /// To [`Request::Trail`].
    Trail {
        /// The lines as they are kept; see [`crate::trail`].
        lines: Vec<String>,
    },
    /// To [`Request::Facts`].
    Facts {
        /// What the host is.
        facts: Box<HostFacts>,
    },
}

/// Agents of the first protocol do not say which one they speak.
fn first_protocol() -> u32 {
    1
}

/// Why the agent did not do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
#[error("{message}")]
pub struct Refusal {
    /// What kind of reason.
    pub reason: RefusalReason,
    /// What happened and why, as a fragment.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Kinds of reasons for which an agent refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalReason {
    /// The other side speaks another version.
    Version,
    /// The fencing token is older than one that the host has seen.
    StaleFence,
    /// Something named does not exist here.
    NotFound,
    /// The host is not in the state that the request needs; asking again as it is will not help.
    Precondition,
    /// Something else has what is needed: a port, a name.
    Conflict,
    /// A signature or digest does not hold.
    Untrusted,
    /// The request makes no sense.
    Invalid,
    /// The host is out of disk, memory or processes.
    Exhausted,
    /// The host failed at it; asking again may help.
    Failed,
}

impl Request {
    /// The first request of every connection, from a caller of this version; `author` is for the host's trail.
    pub fn hello(version: &str, author: Option<&str>) -> Self {
        Self::Hello {
            protocol: OLDEST_PROTOCOL,
            newest: Some(PROTOCOL),
            version: version.to_owned(),
            author: author.map(str::to_owned),
        }
    }

    /// The protocol that has this request first.
    pub const fn since(&self) -> u32 {
        match self {
            Self::Fetch { .. }
            | Self::Facts { .. }
            | Self::Upload { packed: Some(_), .. }
            | Self::Once { .. }
            | Self::EndOnce { .. }
            | Self::OnceState { .. }
            | Self::Trail
            | Self::Maintain { .. } => 2,
            _ => 1,
        }
    }

    /// Whether the request changes something and so needs a fencing token.
    pub const fn is_fenced(&self) -> bool {
        !matches!(
            self,
            Self::Hello { .. }
                | Self::Observe
                | Self::Logs { .. }
                | Self::Fetch { .. }
                | Self::Facts { .. }
                | Self::OnceState { .. }
                | Self::Trail
        )
    }

    /// The request's name, for messages.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::Prepare { .. } => "prepare",
            Self::Observe => "observe",
            Self::Offer { .. } => "offer",
            Self::Upload { .. } => "upload",
            Self::Seal { .. } => "seal",
            Self::Start { .. } => "start",
            Self::Route { .. } => "route",
            Self::Retire { .. } => "retire",
            Self::Arm { .. } => "arm",
            Self::Confirm => "confirm",
            Self::Disarm => "disarm",
            Self::Commit { .. } => "commit",
            Self::Logs { .. } => "logs",
            Self::Prune { .. } => "prune",
            Self::Down => "down",
            Self::Once { .. } => "once",
            Self::EndOnce { .. } => "end-once",
            Self::OnceState { .. } => "once-state",
            Self::Trail => "trail",
            Self::Maintain { .. } => "maintain",
            Self::Fetch { .. } => "fetch",
            Self::Facts { .. } => "facts",
        }
    }

    /// What it is about, for the host's trail: short, and without secrets. `None` for what leaves no trace there:
    /// what changes nothing, the pieces of a release between `offer` and `seal`, and the coordinator's word.
    pub fn deed(&self) -> Option<String> {
        let list = |ids: &[InstanceId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        Some(match self {
            Self::Prepare { settings } => format!("{} on {}", settings.environment, settings.listen),
            Self::Offer { release, .. } | Self::Seal { release } | Self::Commit { release, .. } => {
                release.to_string()
            }
            Self::Start { instance, .. } => instance.to_string(),
            Self::Route { weights } => spread(weights),
            Self::Retire { instances } => list(instances),
            Self::Arm { switch } => format!("after {}, back to {}", switch.after, spread(&switch.back_to)),
            Self::Prune { keep, .. } => format!("beyond the newest {keep}"),
            Self::Once { order } => format!("{}: {}", order.key, shortened(&order.command.join(" "))),
            Self::EndOnce { key } => key.clone(),
            Self::Maintain { page: Some(page) } => format!("on: {}", shortened(page.first_line())),
            Self::Maintain { page: None } => "off".to_owned(),
            Self::Disarm | Self::Down => String::new(),
            Self::Upload { .. }
            | Self::Confirm
            | Self::Hello { .. }
            | Self::Observe
            | Self::Logs { .. }
            | Self::Fetch { .. }
            | Self::Facts { .. }
            | Self::OnceState { .. }
            | Self::Trail => return None,
        })
    }

    /// The rollout that it names, if it names one.
    pub const fn rollout(&self) -> Option<&RolloutId> {
        match self {
            Self::Arm { switch } => Some(&switch.rollout),
            Self::Commit { rollout, .. } => Some(rollout),
            Self::Once { order } => order.rollout.as_ref(),
            _ => None,
        }
    }
}

/// `r1 95 %, r2 5 %`, or `nothing`.
fn spread(weights: &[ArmWeight]) -> String {
    let arms: Vec<_> = weights.iter().map(|arm| format!("{} {}", arm.release, arm.weight)).collect();
    if arms.is_empty() { "nothing".to_owned() } else { arms.join(", ") }
}

/// At most 200 characters of a text, on one line.
fn shortened(text: &str) -> String {
    let line = text.replace(['\n', '\r'], " ");
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

impl Refusal {
    /// A refusal without advice.
    pub fn new(reason: RefusalReason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
