//! Releases that are not tried again as they are (I8): each was rolled back, and nobody has allowed it since.

use plimsoll_model::ReleaseId;
use plimsoll_model::record::{BackReason, Command, Entry, Outcome, Record};

/// The releases that an environment's records say were rolled back. One that only made room for another, or that
/// nobody could tell good from bad, is not among them.
pub fn releases<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<ReleaseId> {
    let (mut refused, mut under_way, mut blamed): (Vec<ReleaseId>, Option<&ReleaseId>, bool) =
        (Vec::new(), None, false);
    for record in records {
        match &record.entry {
            Entry::Planned { plan } => (under_way, blamed) = (Some(&plan.release), false),
            Entry::GoingBack { reason } => blamed = is_blame(reason),
            Entry::Finished { outcome: Outcome::RolledBack, .. } => refused.extend(under_way.take().cloned()),
            // It could not be brought back completely; the reason to bring it back stands.
            Entry::Finished { outcome: Outcome::Mixed, .. } if blamed => {
                refused.extend(under_way.take().cloned());
            }
            Entry::Commanded { command: Command::Retry { release } } => refused.retain(|r| r != release),
            _ => {}
        }
    }
    refused.sort();
    refused.dedup();
    refused
}

fn is_blame(reason: &BackReason) -> bool {
    !matches!(
        reason,
        BackReason::Superseded { .. } | BackReason::NobodyAnswered { .. } | BackReason::Policy { .. }
    )
}
