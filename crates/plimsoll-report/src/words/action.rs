//! Changes on hosts.

use plimsoll_model::InstanceId;
use plimsoll_model::agent::ArmWeight;
use plimsoll_model::plan::{Action, HostAction};

use crate::names::Names;
use crate::rate::share;

/// `start r42.0 and r42.1`, without the host.
pub(crate) fn clause(action: &Action, names: &Names) -> String {
    match action {
        Action::Prepare
        | Action::Publish
        | Action::Migrate
        | Action::Arm
        | Action::Commit
        | Action::Disarm => action.name().to_owned(),
        Action::Start { instances } => format!("start {}", list(instances, names)),
        Action::Retire { instances } => format!("drain and stop {}", list(instances, names)),
        Action::Route { weights } => format!("route {}", weights_of(weights, names)),
    }
}

/// All changes, those that are the same on several hosts together: `publish on web1, web2; start r42.0 on web1`.
pub(crate) fn clauses(actions: &[HostAction], names: &Names) -> String {
    let mut grouped: Vec<(String, Vec<&str>)> = vec![];
    for HostAction { host, action } in actions {
        let what = clause(action, names);
        match grouped.iter_mut().find(|(known, _)| *known == what) {
            Some((_, hosts)) => hosts.push(host.as_str()),
            None => grouped.push((what, vec![host.as_str()])),
        }
    }
    let said = grouped.iter().map(|(what, hosts)| format!("{what} on {}", named(hosts)));
    said.collect::<Vec<_>>().join("; ")
}

/// Up to eight hosts by name; of more, how many.
pub(crate) fn named(hosts: &[&str]) -> String {
    const SHOWN: usize = 8;
    match hosts.len().saturating_sub(SHOWN) {
        0 => hosts.join(", "),
        more => format!("{} and {more} more", hosts[..SHOWN].join(", ")),
    }
}

fn list(instances: &[InstanceId], names: &Names) -> String {
    match instances {
        [] => "nothing".to_owned(),
        all => all.iter().map(|instance| names.instance(instance)).collect::<Vec<_>>().join(", "),
    }
}

fn weights_of(weights: &[ArmWeight], names: &Names) -> String {
    match weights {
        [] => "nothing".to_owned(),
        arms => {
            let arms =
                arms.iter().map(|arm| format!("{} {}", names.release(&arm.release), share(arm.weight)));
            arms.collect::<Vec<_>>().join(", ")
        }
    }
}
