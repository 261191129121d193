//! The story of a rollback, read from its records: when the first bad answer was seen, when and by what it was decided,
//! when the data plane confirmed, and how many requests of users it cost.

use std::collections::BTreeMap;

use plimsoll_model::agent::ArmWeight;
use plimsoll_model::metrics::Reading;
use plimsoll_model::plan::{Action, HostAction};
use plimsoll_model::record::{Answered, Entry, Record};
use plimsoll_model::verdict::SideTotal;
use plimsoll_model::{HostName, ReleaseId, Share, Timestamp};

use crate::ending::{Gap, TimelineEntry, UsersHit};
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

/// Bad answers of the canary, and all requests of both sides since it was first given weight. By the proxies' own
/// counters, which go on while no command looks; where those were lost, at least what was seen.
pub fn users_hit(records: &[Record], release: &ReleaseId) -> Option<UsersHit> {
    let (seen, counted) = (seen(records), counted(records, release));
    let (Some(seen), Some(counted)) = (seen, counted) else { return counted.map(|c| c.users()).or(seen) };
    let users = counted.users();
    Some(UsersHit { hit: users.hit.max(seen.hit), of: users.of.max(seen.of), ..users })
}

/// What the analyses looked at. The greatest counts, not their sum: they look at the same requests.
fn seen(records: &[Record]) -> Option<UsersHit> {
    let mut seen: Vec<(&str, UsersHit)> = vec![];
    for record in records {
        let Entry::Looked { analysis, reading: Reading::Counts { canary, stable, .. } } = &record.entry
        else {
            continue;
        };
        let of = canary.requests.saturating_add(stable.as_ref().map_or(0, |stable| stable.requests));
        let at = seen.iter().position(|(name, _)| name == analysis).unwrap_or_else(|| {
            seen.push((analysis, UsersHit { hit: 0, of: 0, unknown: None }));
            seen.len() - 1
        });
        let total = &mut seen[at].1;
        total.hit = total.hit.saturating_add(canary.errors);
        total.of = total.of.saturating_add(of);
    }
    seen.into_iter().map(|(_, total)| total).max_by_key(|total| (total.hit, total.of))
}

/// What the proxies counted from the first weight to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The new release's requests and bad ends.
    pub canary: SideTotal,
    /// The other side's requests.
    pub others: u64,
    /// The time within which counts were lost.
    pub unknown: Option<Gap>,
}

impl Counted {
    fn users(&self) -> UsersHit {
        let of = self.canary.requests.saturating_add(self.others);
        UsersHit { hit: self.canary.bad, of, unknown: self.unknown }
    }

    /// Nothing is known of what a host answered within this time.
    fn lost(&mut self, from: Timestamp, until: Timestamp) {
        let gap = self.unknown.get_or_insert(Gap { from, until });
        *gap = Gap { from: gap.from.min(from), until: gap.until.max(until) };
    }
}

/// What the proxies counted; `None` where it was written down less than twice.
pub fn counted<'r>(records: impl IntoIterator<Item = &'r Record>, release: &ReleaseId) -> Option<Counted> {
    let mut total = Counted { canary: SideTotal { requests: 0, bad: 0 }, others: 0, unknown: None };
    let mut before: BTreeMap<(&HostName, &ReleaseId), (Timestamp, &Answered)> = BTreeMap::new();
    let mut times = 0;
    let mut last = None;
    for record in records {
        let Entry::Counted { counts } = &record.entry else { continue };
        (times, last) = (times + 1, Some(record.at));
        for count in counts {
            let known = before.insert((&count.host, &count.release), (record.at, count));
            let Some((at, known)) = known else { continue };
            let same_life = known.epoch == count.epoch;
            if !same_life {
                total.lost(at, record.at);
            }
            let grown = |now: u64, then: u64| if same_life { now.saturating_sub(then) } else { now };
            let requests = grown(count.requests, known.requests);
            if count.release == *release {
                total.canary.requests += requests;
                total.canary.bad += grown(count.bad, known.bad);
            } else {
                total.others += requests;
            }
        }
    }
    let last = last.filter(|_| times > 1)?;
    // A host that did not say at the end what it had counted.
    let silent = before.values().map(|(at, _)| *at).filter(|at| *at < last).min();
    if let Some(at) = silent {
        total.lost(at, last);
    }
    Some(total)
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
        assert_eq!(users_hit(&records, &release), Some(UsersHit { hit: 7, of: 1402, unknown: None }));
    }

    #[test]
    fn nothing_recorded_is_nothing_told() {
        let release = label(42, "7c1f9e2").release;
        assert!(rollback_timeline(&[], &release, &Names::default()).is_empty());
        assert_eq!(users_hit(&[], &release), None);
    }

    /// A record of what the proxy on one host had counted: the canary's requests and bad ones, and the other side's.
    fn count(second: u64, epoch: u64, canary: (u64, u64), others: u64) -> Record {
        let side = |release: ReleaseId, (requests, bad)| Answered {
            host: HostName::local(),
            epoch,
            release,
            requests,
            bad,
        };
        let counts =
            vec![side(label(42, "7c1f9e2").release, canary), side(label(41, "51ab03d").release, (others, 0))];
        let record = Script::rollback().records().swap_remove(0);
        Record { at: Timestamp::from_millis(second * 1000), entry: Entry::Counted { counts }, ..record }
    }

    #[test]
    fn what_was_answered_while_nobody_looked_is_counted() {
        let release = label(42, "7c1f9e2").release;
        let mut records = vec![count(1, 7, (10, 2), 100), count(2, 7, (10, 2), 150)];
        records.push(count(60, 7, (387, 79), 2_000));
        assert_eq!(users_hit(&records, &release), Some(UsersHit { hit: 77, of: 377 + 1_900, unknown: None }));
        assert_eq!(users_hit(&records[..1], &release), None);
    }

    #[test]
    fn what_a_proxy_took_with_it_is_not_known() {
        let release = label(42, "7c1f9e2").release;
        let records = [count(1, 7, (10, 2), 100), count(2, 7, (20, 4), 100), count(9, 8, (5, 1), 50)];
        let at = |second: u64| Timestamp::from_millis(second * 1000);
        let unknown = Some(Gap { from: at(2), until: at(9) });
        assert_eq!(users_hit(&records, &release), Some(UsersHit { hit: 3, of: 15 + 50, unknown }));
    }
}
