//! What a person does outside of rollouts: the token that hosts are shown, and the record of it.

use plimsoll_drivers::{Clock as _, SystemClock};
use plimsoll_engine::journal::Draft;
use plimsoll_model::observation::FleetObservation;
use plimsoll_model::record::{Entry, Operation};
use plimsoll_model::service::Environment;
use plimsoll_model::{Fence, HostName};

use crate::failure::Failure;
use crate::project::Project;
use crate::who;

/// Writes down what is done. `shown` is the token that hosts were, or are going to be, shown.
pub(crate) fn record(
    project: &Project,
    environment: Option<&Environment>,
    operation: Operation,
    shown: Option<Fence>,
) -> Result<(), Failure> {
    project.journal()?.append(Draft {
        at: SystemClock.now(),
        author: who::author(),
        environment: environment.map(|e| e.name.clone()),
        rollout: None,
        fence: None,
        entry: Entry::Operated { operation, shown },
    })?;
    Ok(())
}

/// The newest token that any of the hosts has seen: a coordinator at work is not shut out by it, and one that was
/// overtaken does not get in.
pub(crate) fn newest_token(seen: &FleetObservation) -> Fence {
    seen.hosts.iter().map(|host| host.seen.fence).max().unwrap_or_default()
}

/// The hosts that answer.
pub(crate) fn answering(seen: &FleetObservation) -> Vec<HostName> {
    seen.hosts.iter().map(|host| host.host.clone()).collect()
}
