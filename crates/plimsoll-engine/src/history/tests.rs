//! What a journal says of releases that may not be tried again, and of the keys that signed them.

use plimsoll_model::agent::HostSettings;
use plimsoll_model::release::RunSpec;
use plimsoll_model::rollout::RolloutSpec;
use plimsoll_model::traffic::Stickiness;
use plimsoll_model::{Digest, Span};

use super::*;

fn production() -> EnvironmentName {
    "production".parse().unwrap()
}

/// The identifier of `rN`.
fn release(number: u64) -> ReleaseId {
    format!("{number:012}").parse().unwrap()
}

/// A journal that grows.
#[derive(Default)]
struct Told {
    history: History,
    rollouts: u64,
}

impl Told {
    /// With so many sealed releases.
    fn sealed(releases: u64) -> Self {
        let mut told = Self::default();
        for number in 1..=releases {
            told.record(
                None,
                Entry::ReleaseSealed {
                    number,
                    release: release(number),
                    manifest: Digest::of(b""),
                    commit: None,
                    subject: None,
                    tree: Tree::Unversioned,
                },
            );
        }
        told
    }

    fn record(&mut self, rollout: Option<RolloutId>, entry: Entry) {
        self.history.apply(&Record {
            format: 1,
            sequence: 1,
            at: Timestamp::default(),
            author: "ada@desk".to_owned(),
            environment: Some(production()),
            rollout,
            fence: None,
            entry,
            previous: Digest::of(b""),
            hash: Digest::of(b""),
        });
    }

    /// A rollout from one release to another, to its end.
    fn rollout(&mut self, kind: PlanKind, from: Option<u64>, to: u64, outcome: Outcome) {
        self.rollouts += 1;
        let rollout = RolloutId::new(&production(), self.rollouts);
        let plan = Plan {
            rollout: rollout.clone(),
            service: "greeter".parse().unwrap(),
            environment: production(),
            kind,
            release: release(to),
            artifact: Digest::of(b""),
            replaces: from.map(release),
            hosts: vec![],
            set_aside: vec![],
            max_parallel: 1,
            may_lose: 0,
            steps: vec![],
            rules: RolloutSpec::default(),
            run: RunSpec::default(),
            settings: HostSettings {
                environment: production(),
                listen: "127.0.0.1:8080".parse().unwrap(),
                trusted_keys: vec![],
                stickiness: Stickiness::None,
                latency_bounds: vec![],
            },
            basis: Digest::of(b""),
        };
        self.record(Some(rollout.clone()), Entry::Planned { plan: Box::new(plan) });
        self.record(Some(rollout), Entry::Finished { outcome, summary: String::new() });
    }

    fn good(&self, current: u64) -> Option<ReleaseId> {
        self.history.last_known_good(&production(), &release(current))
    }
}

#[test]
fn who_returns_to_a_newer_release_does_not_go_back_from_the_older_one() {
    let mut told = Told::sealed(2);
    told.rollout(PlanKind::Initial, None, 1, Outcome::Promoted);
    told.rollout(PlanKind::Update, Some(1), 2, Outcome::Promoted);
    told.rollout(PlanKind::Rollback, Some(2), 1, Outcome::Promoted);
    assert_eq!(told.history.refused(&production()), [release(2)]);
    assert_eq!(told.history.came_back(&production()), [], "it has served");
    assert_eq!(told.history.left_behind(&production()), Some(release(2)));
    assert_eq!(told.good(1), None);

    told.rollout(PlanKind::Rollback, Some(1), 2, Outcome::Promoted);
    assert_eq!(told.history.refused(&production()), []);
    assert_eq!(told.good(2), Some(release(1)));
}

#[test]
fn what_came_back_from_its_own_rollout_is_told_from_what_was_left() {
    let mut told = Told::sealed(3);
    told.rollout(PlanKind::Initial, None, 1, Outcome::Promoted);
    told.rollout(PlanKind::Update, Some(1), 2, Outcome::RolledBack);
    told.rollout(PlanKind::Update, Some(1), 3, Outcome::Promoted);
    told.rollout(PlanKind::Rollback, Some(3), 1, Outcome::Promoted);
    assert_eq!(told.history.refused(&production()), [release(2), release(3)]);
    assert_eq!(told.history.came_back(&production()), [release(2)]);
    told.record(None, Entry::Commanded { command: Command::Retry { release: release(2) } });
    assert_eq!(told.history.came_back(&production()), []);
}

#[test]
fn keys_are_known_from_the_gate_that_signed() {
    let mut told = Told::sealed(2);
    for (number, key) in [(1, "RWold"), (2, "RWnew")] {
        let evidence = Evidence {
            gate: Gate::Sign,
            release: Some(release(number)),
            artifact: None,
            question: String::new(),
            measured: [("key".to_owned(), key.into())].into(),
            decision: GateDecision::Passed,
            summary: String::new(),
            at: Timestamp::default(),
            took: Span::from_secs(0),
        };
        told.record(None, Entry::Gate { evidence: Box::new(evidence) });
    }
    assert_eq!(told.history.signers(&release(2)), BTreeSet::from(["RWnew".to_owned()]));
    assert_eq!(told.history.accepted_signers(), BTreeSet::new(), "nothing has served");
    told.rollout(PlanKind::Initial, None, 1, Outcome::Promoted);
    assert_eq!(told.history.accepted_signers(), BTreeSet::from(["RWold".to_owned()]));
}
