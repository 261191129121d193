//! The story of a rollback, read from its records: when the first bad answer was seen, when and by what it was decided,
//! when the data plane confirmed, and how many requests of users it cost.

use plimsoll_model::agent::ArmWeight;
use plimsoll_model::metrics::Reading;
use plimsoll_model::plan::{Action, HostAction};
use plimsoll_model::record::{Entry, Record};
use plimsoll_model::{HostName, ReleaseId, Share};

use crate::ending::{TimelineEntry, UsersHit};
use crate::names::Names;
use crate::words::action::named;
use crate::words::back;

/// The moments that matter of a rollout that went back, from its `records` in their order. `release` is the one that
/// came back. Only what is recorded is told: a moment without a record is left out.
pub fn rollback_timeline(records: &[Record], release: &ReleaseId, names: &Names) -> Vec<TimelineEntry> {
    let mut timeline = vec![];
    timeline.extend(first_bad_answer(records));
    let Some(decided) = records.iter().position(|record| matches!(record.entry, Entry::GoingBack { .. }))
    else {
        return timeline;
    };
    // Why is the ending's summary.
    timeline.push(TimelineEntry { at: records[decided].at, text: "decided to go back".to_owned() });
    for record in &records[decided..] {
        if let Entry::Performed { actions, .. } = &record.entry {
            let text = undone(actions, release, names);
            if !text.is_empty() {
                timeline.push(TimelineEntry { at: record.at, text });
            }
        }
    }
    timeline
}

/// Why the rollout of these records goes back, in one clause with figures.
pub fn back_reason(records: &[Record], names: &Names) -> Option<String> {
    records.iter().find_map(|record| match &record.entry {
        Entry::GoingBack { reason } => Some(back::clause(reason, names)),
        _ => None,
    })
}

/// Bad answers of the canary, and all requests of both sides that were counted beside it. The greatest analysis
/// counts, not their sum: they look at the same requests.
pub fn users_hit(records: &[Record]) -> Option<UsersHit> {
    let mut seen: Vec<(&str, UsersHit)> = vec![];
    for record in records {
        let Entry::Looked { analysis, reading: Reading::Counts { canary, stable, .. } } = &record.entry
        else {
            continue;
        };
        let of = canary.requests.saturating_add(stable.as_ref().map_or(0, |stable| stable.requests));
        let at = seen.iter().position(|(name, _)| name == analysis).unwrap_or_else(|| {
            seen.push((analysis, UsersHit { hit: 0, of: 0 }));
            seen.len() - 1
        });
        let total = &mut seen[at].1;
        total.hit = total.hit.saturating_add(canary.errors);
        total.of = total.of.saturating_add(of);
    }
    seen.into_iter().map(|(_, total)| total).max_by_key(|total| (total.hit, total.of))
}

fn first_bad_answer(records: &[Record]) -> Option<TimelineEntry> {
    let is_bad = |record: &&Record| matches!(&record.entry, Entry::Looked { reading: Reading::Counts { canary, .. }, .. } if canary.errors > 0);
    let first = records.iter().find(is_bad)?;
    Some(TimelineEntry { at: first.at, text: "first bad answer seen".to_owned() })
}

/// `weight 0 on web3, confirmed by its proxy; r42 drained and stopped on web3`.
fn undone(actions: &[HostAction], release: &ReleaseId, names: &Names) -> String {
    let unrouted = hosts_where(actions, |action| match action {
        Action::Route { weights } => !weights.iter().any(|arm| takes(arm, release)),
        _ => false,
    });
    let retired = hosts_where(actions, |action| match action {
        Action::Retire { instances } => instances.iter().any(|instance| instance.release == *release),
        _ => false,
    });
    let mut parts = vec![];
    if !unrouted.is_empty() {
        let whose = if unrouted.len() == 1 { "its proxy" } else { "their proxies" };
        parts.push(format!("weight 0 on {}, confirmed by {whose}", named(&unrouted)));
    }
    if !retired.is_empty() {
        parts.push(format!("{} drained and stopped on {}", names.release(release), named(&retired)));
    }
    parts.join("; ")
}

fn takes(arm: &ArmWeight, release: &ReleaseId) -> bool {
    arm.release == *release && arm.weight > Share::NONE
}

fn hosts_where(actions: &[HostAction], matches: impl Fn(&Action) -> bool) -> Vec<&str> {
    actions.iter().filter(|one| matches(&one.action)).map(|one| HostName::as_str(&one.host)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Script, label};

    #[test]
    fn the_story_is_read_from_the_records() {
        let records = Script::rollback().records();
        let release = label(42, "7c1f9e2").release;
        let timeline = rollback_timeline(&records, &release, &Names::from_records(&records));
        let told: Vec<&str> = timeline.iter().map(|entry| entry.text.as_str()).collect();
        assert_eq!(
            told,
            [
                "first bad answer seen",
                "decided to go back",
                "weight 0 on web3, confirmed by its proxy",
                "r42 drained and stopped on web3",
            ]
        );
        assert_eq!(users_hit(&records), Some(UsersHit { hit: 7, of: 1402 }));
    }

    #[test]
    fn nothing_recorded_is_nothing_told() {
        let release = label(42, "7c1f9e2").release;
        assert!(rollback_timeline(&[], &release, &Names::default()).is_empty());
        assert_eq!(users_hit(&[]), None);
    }
}
