//! Recovery: whatever is killed, and whenever, one more command ends in the state that the journal promises, and
//! clients lose nothing.
//!
//! The moments are found by running: a command is killed at its first record, its second, its third, until it ends
//! before its time comes. Each moment is a case of its own, on the same project: every case ships the next version.

mod agent;
mod coordinator;
mod instance;
mod proxy;
mod switch;

use plimsoll_engine::History;
use plimsoll_engine::history::KnownRollout;
use plimsoll_engine::journal::{Journal as _, Query, SqliteJournal};
use plimsoll_model::observation::InstanceState;
use plimsoll_model::record::{Outcome, Record};

use crate::support::{Load, Part, Project, Run, eventually};

/// Keys of an analysis that comes to a verdict soon.
const QUICK: &str = "warm-up = \"100ms\"\ninterval = \"200ms\"\nmax-error-rate = \"1%\"";

/// A project whose canary is over soon.
fn quick() -> Project {
    Project::new()
        .health("interval = \"100ms\"\nmin-healthy-time = \"100ms\"\nhealthy-deadline = \"10s\"")
        .steps("{ set-weight = \"20%\" }, { pause = \"300ms\" }")
        .analysis(QUICK)
        .run_keys("[run.restart]\ndelay = \"200ms\"\nattempts = 20\n")
}

/// What is killed, and when.
#[derive(Debug, Clone, Copy)]
enum Kill {
    /// The command, right after it has written a record.
    Record(u64),
    /// The command, right after a change to the host that it has not written down yet.
    Deed(u64),
    /// The agent, right after the command has written a record.
    Agent(u64),
    /// Both, right after a change.
    Both(u64),
    /// An instance of the release that served when the command began, right after the command has written a record.
    Instance(u64),
}

/// Something other than the command is killed at every record of a promotion, which goes on.
fn promotion_goes_on(at_least: u64, kill: impl Fn(u64) -> Kill) {
    let mut project = quick();
    project.run(&["ship"]).expect(0);
    let one = |project: &mut Project, version: &str, kill| {
        project.change(&[("VERSION", version)]);
        (project.last_record(), project.disturbed(&["ship"], kill), version.to_owned())
    };
    each_record(&mut project, "a promotion", at_least, kill, one);
}

/// The same at every record of a rollback by hand.
fn rollback_goes_on(at_least: u64, kill: impl Fn(u64) -> Kill) {
    let mut project = quick().steps("");
    project.run(&["ship"]).expect(0);
    let one = |project: &mut Project, version: &str, kill| {
        project.change(&[("VERSION", version)]);
        project.run(&["ship"]).expect(0);
        (project.last_record(), project.disturbed(&["rollback"], kill), "1".to_owned())
    };
    each_record(&mut project, "a rollback", at_least, kill, one);
}

/// Disturbs one command after another, each a record later, under load, until one has no record left for it. `one`
/// makes a version and disturbs a command: the record before it, how it ran, and which version serves afterwards.
fn each_record(
    project: &mut Project,
    of: &str,
    at_least: u64,
    kill: impl Fn(u64) -> Kill,
    one: impl Fn(&mut Project, &str, Kill) -> (u64, Run, String),
) {
    let load = Load::start(project.port, 150);
    for n in 1.. {
        let case = format!("{:?} of {of}", kill(n));
        let (before, run, serves) = one(project, &(n + 1).to_string(), kill(n));
        assert_eq!(run.code, Some(0), "{case}: {}", run.text());
        project.serves(&serves, &case);
        load.lost_nothing(&case);
        if project.last_record() < before + n {
            assert!(n > at_least, "{n} are too few");
            break;
        }
    }
    load.stop();
    project.run(&["audit"]).expect(0);
}

impl Project {
    /// Runs a command that is disturbed.
    fn disturbed(&self, args: &[&str], kill: Kill) -> Run {
        let mut command = self.command(args);
        let agent = || self.pid(&Part::Agent);
        let instance = || self.instances_in(&self.current(), InstanceState::Ready)[0];
        match kill {
            Kill::Record(n) => command.env("PLIMSOLL_DIE_AFTER_RECORD", n.to_string()),
            Kill::Deed(n) => command.env("PLIMSOLL_DIE_AFTER_DEED", n.to_string()),
            Kill::Agent(n) => command.env("PLIMSOLL_KILL_AFTER_RECORD", format!("{n}:{}", agent())),
            Kill::Instance(n) => command.env("PLIMSOLL_KILL_AFTER_RECORD", format!("{n}:{}", instance())),
            Kill::Both(n) => command
                .env("PLIMSOLL_DIE_AFTER_DEED", n.to_string())
                .env("PLIMSOLL_KILL_WITH", agent().to_string()),
        };
        Run::of(&command.output().expect("plimsoll runs"))
    }

    fn journal(&self) -> Vec<Record> {
        let mut journal = SqliteJournal::open(&self.path().join(".plimsoll/journal.db")).expect("a journal");
        journal.read(&Query::default()).expect("records")
    }

    /// The journal's last rollout.
    fn last_rollout(&self) -> KnownRollout {
        History::fold(&self.journal()).rollouts.pop().expect("a rollout")
    }

    /// The number of the journal's last record.
    fn last_record(&self) -> u64 {
        self.journal().last().expect("a record").sequence
    }

    /// Fails the test unless the release that the journal's last rollouts promise serves, everywhere and alone.
    #[track_caller]
    fn serves(&self, version: &str, case: &str) {
        let last = self.last_rollout();
        let promised = match last.ended {
            Some((Outcome::Promoted, _)) => last.plan.release,
            Some(_) => last.plan.replaces.expect("something served before"),
            None => panic!("{case}: the rollout of {} is not over", last.plan.release),
        };
        for _ in 0..8 {
            assert_eq!(self.get(), version, "{case}");
        }
        let status = &self.status()["environments"][0];
        assert_eq!(status["release"]["release"], promised.as_str(), "{case}: {status}");
        assert_eq!(status["health"], serde_json::json!({ "ready": 2, "wanted": 2 }), "{case}: {status}");
        assert!(status["rollout"].is_null() && status["hosts"] == serde_json::json!([]), "{case}: {status}");
        self.runs_only(promised.as_str(), case);
    }

    /// Fails the test unless two instances of a release run, what they need, and nothing else.
    #[track_caller]
    fn runs_only(&self, release: &str, case: &str) {
        let instance = Part::Instance(release.to_owned());
        let wanted = [Part::Agent, Part::Proxy, Part::Shim, Part::Shim, instance.clone(), instance];
        let parts = || self.processes().into_iter().map(|(part, _)| part).collect::<Vec<_>>();
        // A shim writes down how its instance ended before it ends itself.
        eventually(&format!("{case}: only {wanted:?} run"), || {
            parts() == wanted || {
                std::thread::sleep(std::time::Duration::from_millis(50));
                false
            }
        });
    }
}
