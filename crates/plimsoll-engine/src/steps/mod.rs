//! The changes that a rollout makes, one file each. Each says what it changes, how it is undone, and why doing it
//! twice is safe.

mod arm;
mod commit;
pub(crate) mod migrate;
mod prepare;
mod publish;
mod retire;
mod route;
mod start;

use std::collections::HashMap;

use plimsoll_drivers::{Host, HostError};
use plimsoll_model::agent::{Refusal, RefusalReason, Request, Response};
use plimsoll_model::plan::{Action, HostAction, HostPlan, Plan};
use plimsoll_model::record::Assigned;
use plimsoll_model::{Fence, HostName, ReleaseId, Span};

use crate::fleet;
use crate::packing::Packings;
use crate::world::{ContentError, ReleaseContent, Secrets};

/// What a step has at hand.
pub(crate) struct Context<'c> {
    pub(crate) plan: &'c Plan,
    /// The plan's hosts by name.
    pub(crate) hosts: HashMap<&'c HostName, &'c HostPlan>,
    pub(crate) fence: Fence,
    pub(crate) releases: &'c dyn ReleaseContent,
    pub(crate) packings: &'c Packings,
    pub(crate) secrets: &'c dyn Secrets,
    /// How long the dead man's switch waits when it is armed now.
    pub(crate) switch_after: Span,
}

/// What came of a step.
#[derive(Debug, Default)]
pub(crate) struct Deed {
    pub(crate) assigned: Vec<Assigned>,
    pub(crate) sent: Option<Sent>,
}

/// What went over a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Bytes that were sent.
    pub(crate) bytes: u64,
    /// Size of the artifact.
    pub(crate) size: u64,
    /// The release that they were a patch against.
    pub(crate) base: Option<ReleaseId>,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Content(#[from] ContentError),
    #[error("secret `{variable}` comes from the variable {from}, which is not set here")]
    SecretMissing { variable: String, from: String },
    #[error("the plan has nothing for this host")]
    NotPlanned,
}

impl StepError {
    /// Whether the same step may succeed later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Host(HostError::Unreachable { .. }) => true,
            Self::Host(HostError::Refused(refusal)) => matches!(
                refusal.reason,
                RefusalReason::Failed | RefusalReason::Precondition | RefusalReason::Exhausted
            ),
            Self::Content(_) | Self::SecretMissing { .. } | Self::NotPlanned => false,
        }
    }

    /// Whether a newer coordinator is at work, so that this one must stop.
    pub(crate) fn is_stale(&self) -> bool {
        matches!(self, Self::Host(error) if fleet::is_stale(error))
    }

    /// The error with its advice, for the journal.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Host(HostError::Refused(Refusal { message, help: Some(help), .. })) => {
                format!("{message}; {help}")
            }
            other => other.to_string(),
        }
    }
}

/// Makes one change on one host.
pub(crate) fn perform(context: &Context, host: &mut dyn Host, step: &HostAction) -> Result<Deed, StepError> {
    let mut call = Caller { context, host };
    let nothing = |()| Deed::default();
    match &step.action {
        Action::Prepare => prepare::perform(&mut call).map(nothing),
        Action::Publish => publish::perform(&mut call).map(|sent| Deed { sent, ..Deed::default() }),
        Action::Migrate => migrate::perform(&mut call).map(nothing),
        Action::Arm => arm::arm(&mut call).map(nothing),
        Action::Disarm => arm::disarm(&mut call).map(nothing),
        Action::Start { instances } => start::perform(&mut call, instances).map(nothing),
        Action::Route { weights } => {
            route::perform(&mut call, weights).map(|assigned| Deed { assigned, ..Deed::default() })
        }
        Action::Retire { instances } => retire::perform(&mut call, instances).map(nothing),
        Action::Commit => commit::perform(&mut call).map(nothing),
    }
}

/// One host and the coordinator's right to change it.
pub(crate) struct Caller<'a, 'c> {
    context: &'a Context<'c>,
    host: &'a mut dyn Host,
}

impl Caller<'_, '_> {
    fn ask(&mut self, request: Request) -> Result<Response, StepError> {
        self.ask_with(request, &[])
    }

    fn ask_with(&mut self, request: Request, content: &[u8]) -> Result<Response, StepError> {
        let (service, fence) = (&self.context.plan.service, Some(self.context.fence));
        Ok(self.host.call(service, fence, request, content)?)
    }

    fn planned(&self) -> Result<&HostPlan, StepError> {
        self.context.hosts.get(self.host.name()).copied().ok_or(StepError::NotPlanned)
    }
}
