//! Hosts that the rollout goes on without, and whether it may.
//!
//! A host that has not answered for as long as its dead man's switch waits has gone back by itself, if it runs at all:
//! from then on it is set aside, or, where more are lost than may be, the rollout goes back. With one host there is
//! nothing to go on with, and the progress deadline decides.

use plimsoll_model::HostName;
use plimsoll_model::observation::LostHost;
use plimsoll_model::plan::Action;
use plimsoll_model::record::{BackReason, Entry};

use super::triggers::is_given_up;
use super::{Moment, migrate};

/// The next host to go on without, while there may be one more.
pub(super) fn set_aside(at: &Moment) -> Option<Entry> {
    if !has_room(at) {
        return None;
    }
    let silent = || {
        let lost = overdue(at)?;
        Some(Entry::SetAside { host: lost.host.clone(), reason: lost.reason.clone(), since: lost.since })
    };
    silent().or_else(|| {
        let (host, reason) = refusing(at).next()?;
        Some(Entry::SetAside { host: host.clone(), reason, since: None })
    })
}

/// More hosts are lost than may be.
pub(super) fn too_many(at: &Moment) -> Option<BackReason> {
    if has_room(at) {
        return None;
    }
    let lost = overdue(at)?;
    let aside = at.state.aside.len() + at.state.plan.set_aside.len();
    let allowed = aside + left(at);
    let are = match (allowed, aside) {
        (0, _) => "no host may be set aside".to_owned(),
        (_, 1) => format!("{allowed} may be set aside, and 1 is"),
        _ => format!("{allowed} may be set aside, and {aside} are"),
    };
    let detail = format!("{}; {are}", lost.reason);
    Some(BackReason::HostLost { host: lost.host.clone(), detail })
}

/// The host that the hook `migrate` was begun on is lost: nobody can say how it ended, so nothing can go on.
pub(super) fn migrating(at: &Moment) -> Option<BackReason> {
    let lost = silent(at).find(|lost| migrate::is_open_on(at, &lost.host))?;
    let detail = format!("{}; it is not known how the hook migrate ended there", lost.reason);
    Some(BackReason::HostLost { host: lost.host.clone(), detail })
}

/// Whether a failure on this host is one that the rollout goes on without the host for.
pub(super) fn is_excused(at: &Moment, host: &HostName, action: &str) -> bool {
    has_room(at) && is_before_any_change(at, host, action)
}

/// Hosts that cannot take the release in. Nothing that serves was changed there, and others can.
fn refusing<'a>(at: &'a Moment) -> impl Iterator<Item = (&'a HostName, String)> {
    let failures = at.state.failures.iter().filter(|(_, f)| is_given_up(f));
    let early = failures.filter(|((host, action), _)| is_before_any_change(at, host, action));
    early.map(|((host, action), failures)| (host, format!("{action}: {}", failures.error)))
}

fn is_before_any_change(at: &Moment, host: &HostName, action: &str) -> bool {
    let early = [Action::Prepare.name(), Action::Publish.name()].contains(&action);
    early && !at.state.touched.contains(host)
}

/// A host that takes part and has been silent for too long.
fn overdue<'a>(at: &Moment<'a>) -> Option<&'a LostHost> {
    silent(at).next()
}

/// All such hosts. A host that is alone is none of them.
fn silent<'a>(at: &Moment<'a>) -> impl Iterator<Item = &'a LostHost> {
    let Moment { state, fleet, now, .. } = *at;
    let grace = state.plan.rules.dead_man_switch.duration();
    let planned =
        |lost: &LostHost| !state.aside.contains_key(&lost.host) && !state.plan.is_set_aside(&lost.host);
    let several = state.plan.total() > 1;
    let too_long = move |lost: &LostHost| lost.since.is_some_and(|since| now >= since + grace);
    fleet.unreachable.iter().filter(move |lost| several && too_long(lost) && planned(lost))
}

/// Whether one more host may be set aside. The last one may not: nothing would be left to roll out to.
fn has_room(at: &Moment) -> bool {
    left(at) > 0 && at.state.aside.len() + 1 < at.state.plan.hosts.len()
}

fn left(at: &Moment) -> usize {
    (at.state.plan.may_lose as usize).saturating_sub(at.state.aside.len())
}
