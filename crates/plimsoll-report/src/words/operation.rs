//! What people do outside of rollouts.

use plimsoll_model::record::Operation;
use plimsoll_model::{HostName, ReleaseId};

use crate::names::Names;
use crate::number::counted;

/// ``runs `ls` on web1, web2``.
pub(crate) fn clause(operation: &Operation, names: &Names) -> String {
    match operation {
        Operation::Exec { hosts, release, command, .. } => {
            let with = release.as_ref().map_or(String::new(), |r| format!(" with {}", names.release(r)));
            format!("runs `{command}` on {}{with}", list(hosts))
        }
        Operation::ExecEnded { results, .. } => {
            let results: Vec<_> = results.iter().map(|(host, end)| format!("{host} {end}")).collect();
            format!("the command ended: {}", results.join(", "))
        }
        Operation::MaintenanceOn { hosts, message } => {
            format!("maintenance on for {}: \"{message}\"", list(hosts))
        }
        Operation::MaintenanceOff { hosts } => format!("maintenance off for {}", list(hosts)),
        Operation::Pin { release, why } => format!("pinned {}: {why}", names.release(release)),
        Operation::Unpin { release } => format!("unpinned {}", names.release(release)),
        Operation::Pruned { hosts, here } => pruned(hosts, here, names),
        Operation::Down { hosts } => format!("stopped the service on {}", list(hosts)),
    }
}

fn pruned(hosts: &[(HostName, Vec<ReleaseId>)], here: &[ReleaseId], names: &Names) -> String {
    let of = |removed: &[ReleaseId]| match removed {
        [] => "none".to_owned(),
        some => some.iter().map(|r| names.release(r)).collect::<Vec<_>>().join(", "),
    };
    let mut places: Vec<_> = hosts.iter().map(|(host, removed)| format!("{host}: {}", of(removed))).collect();
    places.push(format!("here: {}", of(here)));
    let count = hosts.iter().map(|(_, removed)| removed.len()).sum::<usize>() + here.len();
    format!("removed {} ({})", counted(count as u64, "folder"), places.join("; "))
}

fn list(hosts: &[HostName]) -> String {
    hosts.iter().map(HostName::as_str).collect::<Vec<_>>().join(", ")
}
