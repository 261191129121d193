//! Why a deployment did not happen.

use plimsoll_model::{EnvironmentName, ReleaseId};
use plimsoll_plan::planner::NoPlan;

use crate::journal::JournalError;
use crate::rollout::RunError;

/// Why a deployment did not happen or could not be brought to its end.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// There is no plan for it.
    #[error(transparent)]
    NoPlan(#[from] NoPlan),
    /// The rollout could not be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The journal failed, or someone else holds the lease.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The release's content is not here.
    #[error(transparent)]
    Content(#[from] crate::world::ContentError),
    /// A host certainly lacks what is needed.
    #[error("{summary}")]
    Unfit {
        /// What it lacks.
        summary: String,
        /// What to do about it.
        help: Vec<String>,
    },
    /// The release's manifest is not understood.
    #[error("the manifest of release {release} is not understood: {why}")]
    Manifest {
        /// The release.
        release: ReleaseId,
        /// Why.
        why: String,
    },
    /// A secret that instances need has no value here.
    #[error("`{environment}` needs secrets that are not set where this command runs: {}", list(secrets))]
    SecretsMissing {
        /// The environment.
        environment: EnvironmentName,
        /// The variables that the instances get, and those that their values are taken from.
        secrets: Vec<(String, String)>,
    },
    /// Going there would go back past a release that says that this cannot be.
    #[error("{target} cannot follow {block}, which blocks going back past it: {reason}")]
    PastBlock {
        /// Where it would go.
        target: ReleaseId,
        /// The release that blocks.
        block: ReleaseId,
        /// Why, in its own words.
        reason: String,
    },
    /// There is nothing to do this to.
    #[error("no rollout is under way in `{environment}`")]
    NothingUnderWay {
        /// The environment.
        environment: String,
    },
}

/// `GREETER_TOKEN (for TOKEN)`; the second name only where it is another one.
fn list(secrets: &[(String, String)]) -> String {
    let name = |(variable, from): &(String, String)| {
        if variable == from { from.clone() } else { format!("{from} (for {variable})") }
    };
    secrets.iter().map(name).collect::<Vec<_>>().join(", ")
}
