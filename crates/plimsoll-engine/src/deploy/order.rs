//! From an order to a plan.

use std::collections::BTreeMap;

use plimsoll_model::observation::FleetObservation;
use plimsoll_model::plan::Plan;
use plimsoll_model::release::Manifest;
use plimsoll_model::service::Target;
use plimsoll_model::{HostName, ReleaseId};
use plimsoll_plan::planner;

use super::{DeployError, Order};
use crate::history::History;
use crate::world::ReleaseContent;

/// Makes the plan for an order from what is known and seen.
pub fn make_plan(
    order: &Order,
    releases: &dyn ReleaseContent,
    history: &History,
    fleet: &FleetObservation,
) -> Result<Plan, DeployError> {
    let manifest = manifest(releases, &order.release)?;
    let (serving, zones) = (history.serving(&order.environment.name), zones(&order.environment.target));
    let refused = if order.rollback { History::came_back } else { History::refused };
    let request = planner::Request {
        rollout: history.next_rollout(&order.environment.name, fleet),
        environment: order.environment,
        manifest: &manifest,
        release: order.release.clone(),
        trusted_keys: order.trusted_keys,
        rollback: order.rollback,
        canary: order.canary,
        refused: &refused(history, &order.environment.name),
        serving: serving.as_ref(),
        zones: &zones,
        fleet,
    };
    Ok(planner::plan(&request)?)
}

/// The zones of the hosts that have one.
fn zones(target: &Target) -> BTreeMap<HostName, String> {
    match target {
        Target::Local { .. } => BTreeMap::new(),
        Target::Ssh(target) => {
            let zoned =
                target.hosts.iter().filter_map(|h| Some((h.name.clone(), h.zone.as_ref()?.to_string())));
            zoned.collect()
        }
    }
}

pub(super) fn manifest(releases: &dyn ReleaseContent, release: &ReleaseId) -> Result<Manifest, DeployError> {
    let signed = releases.manifest(release)?;
    serde_json::from_str(&signed.manifest)
        .map_err(|e| DeployError::Manifest { release: release.clone(), why: e.to_string() })
}
