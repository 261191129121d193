//! The hook `migrate`: once, on one host, when every host has the release and before any of them runs it.
//!
//! The host that was asked first keeps it, since only there asking again does not run it again. While it is open that
//! host is not set aside: nobody could say how it ended.

use plimsoll_model::plan::{Action, HostAction};
use plimsoll_model::record::BackReason;
use plimsoll_model::{HostName, Timestamp};

use super::{Decision, Moment};
use crate::state::{MigrationStage, RolloutState};

/// What the host has for ending it and for telling so, beside the hook's own time.
const GRACE: std::time::Duration = std::time::Duration::from_secs(15);

/// What the hook needs on the way forward; `None` where there is none, or it has passed.
pub(super) fn decide(at: &Moment) -> Option<Decision> {
    at.state.plan.migration()?;
    let Some(migration) = &at.state.migration else {
        let host = at.hosts().find(|h| at.seen(&h.host).is_some());
        return Some(host.map_or_else(|| at.wait("a host to answer"), |h| start(at, &h.host)));
    };
    match migration.stage {
        MigrationStage::Passed => None,
        _ if at.seen(&migration.host).is_none() => Some(await_host(at, &migration.host)),
        MigrationStage::Asked => Some(start(at, &migration.host)),
        MigrationStage::Runs | MigrationStage::Failed { .. } => Some(await_end(at, &migration.host)),
    }
}

fn start(at: &Moment, host: &HostName) -> Decision {
    at.act(vec![HostAction { host: host.clone(), action: Action::Migrate }])
}

fn await_host(at: &Moment, host: &HostName) -> Decision {
    at.wait(format!("host {host} to say how the hook migrate ended"))
}

fn await_end(at: &Moment, host: &HostName) -> Decision {
    at.wait(format!("the hook migrate to end on {host}"))
}

/// When it is over at the latest; nothing where it is not open.
pub(super) fn own_end(state: &RolloutState) -> Option<Timestamp> {
    let migration = state.migration.as_ref().filter(|m| m.is_open())?;
    Some(migration.since + state.plan.migration()?.timeout.duration() + GRACE)
}

/// Why the rollout goes back where the hook failed.
pub(super) fn failed(at: &Moment) -> Option<BackReason> {
    let migration = at.state.migration.as_ref()?;
    let MigrationStage::Failed { ending } = &migration.stage else { return None };
    let action = format!("pass the hook migrate on {}", migration.host);
    Some(BackReason::ActionFailed { action, error: ending.clone() })
}

/// Whether the hook may still run on this host.
pub(super) fn is_open_on(at: &Moment, host: &HostName) -> bool {
    at.state.migration.as_ref().is_some_and(|m| m.is_open() && m.host == *host)
}

/// On the way back: it was asked to end, and nothing else is done until its host says that it has.
pub(super) fn back(at: &Moment) -> Option<Decision> {
    let migration = at.state.migration.as_ref().filter(|m| m.is_open())?;
    match at.seen(&migration.host) {
        Some(_) => Some(await_end(at, &migration.host)),
        None => Some(await_host(at, &migration.host)),
    }
}
