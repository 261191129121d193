//! The command is killed, at every record that it writes.

use plimsoll_model::record::Outcome;

use super::{Kill, quick};
use crate::support::Load;

/// A promotion that is cut off at every record is finished by the next `ship`.
fn promote(at_least: u64, kill: impl Fn(u64) -> Kill) {
    let mut project = quick();
    project.run(&["ship"]).expect(0);
    let load = Load::start(project.port, 150);
    for n in 1.. {
        let (version, case) = ((n + 1).to_string(), format!("{:?} of a promotion", kill(n)));
        project.change(&[("VERSION", &version)]);
        let cut = project.disturbed(&["ship"], kill(n));
        if cut.code.is_some() {
            cut.expect(0);
            assert!(n > at_least, "{n} are too few");
            break;
        }
        let next = project.run(&["ship"]);
        assert_eq!(next.code, Some(0), "{case}: {}", next.text());
        project.serves(&version, &case);
        load.lost_nothing(&case);
    }
    load.stop();
    project.run(&["audit"]).expect(0);
}

#[test]
fn a_promotion_survives_a_kill_after_each_record() {
    promote(25, Kill::Record);
}

#[test]
fn a_promotion_survives_a_kill_after_each_deed() {
    promote(7, Kill::Deed);
}

#[test]
fn a_promotion_survives_a_kill_of_agent_and_command_after_each_deed() {
    promote(7, Kill::Both);
}

/// A bad release whose `ship` is cut off at every record never serves, and the next `ship` says so.
fn bad(at_least: u64, kill: impl Fn(u64) -> Kill) {
    let mut project = quick();
    project.run(&["ship"]).expect(0);
    let load = Load::start(project.port, 150);
    for n in 1.. {
        let (version, case) = ((n + 1).to_string(), format!("{:?} of a bad release", kill(n)));
        project.change(&[("VERSION", &version), ("ERROR_PERCENT", "50")]);
        let before = project.last_rollout().plan.rollout;
        let cut = project.disturbed(&["ship"], kill(n));
        if cut.code.is_some() {
            cut.expect(11);
            assert!(n > at_least, "{n} are too few");
            break;
        }
        let last = project.last_rollout();
        let over = last.plan.rollout != before && last.ended.is_some();
        let next = project.run(&["ship"]);
        assert_eq!(next.code, Some(if over { 10 } else { 11 }), "{case}: {}", next.text());
        project.serves("1", &case);
        load.lost_nothing(&case);
    }
    load.stop();
    project.run(&["audit"]).expect(0);
}

#[test]
fn a_bad_release_comes_back_after_a_kill_after_each_record() {
    bad(20, Kill::Record);
}

#[test]
fn a_bad_release_comes_back_after_a_kill_after_each_deed() {
    bad(6, Kill::Deed);
}

/// A rollback by hand that is cut off at every record is finished by the next command, whichever that is, and is never
/// taken for something to go back from.
fn rollback(next: &str, at_least: u64, kill: impl Fn(u64) -> Kill) {
    let mut project = quick().steps("");
    project.run(&["ship"]).expect(0);
    let load = Load::start(project.port, 150);
    for n in 1.. {
        let (version, case) = ((n + 1).to_string(), format!("{:?} of a rollback, then {next}", kill(n)));
        project.change(&[("VERSION", &version)]);
        project.run(&["ship"]).expect(0);
        let shipped = project.last_rollout().plan.rollout;
        let cut = project.disturbed(&["rollback"], kill(n));
        if cut.code.is_some() {
            cut.expect(0);
            assert!(n > at_least, "{n} are too few");
            project.serves("1", &case);
            break;
        }
        let last = project.last_rollout();
        let (begun, over) = (last.plan.rollout != shipped, last.ended.is_some());
        match (begun, over, next) {
            // Nothing was promised yet: the release that was shipped serves, until it is asked again.
            (false, _, _) => {
                project.run(&["ship"]).expect(0);
                project.serves(&version, &case);
                project.run(&["rollback"]).expect(0);
            }
            (true, false, "rollback") => drop(project.run(&["rollback"]).expect(0)),
            (true, true, "rollback") => {}
            // What is being gone back from is not brought in again.
            (true, _, _) => drop(project.run(&["ship"]).expect(10)),
        }
        assert_eq!(project.last_rollout().ended.map(|(o, _)| o), Some(Outcome::Promoted), "{case}");
        project.serves("1", &case);
        load.lost_nothing(&case);
    }
    load.stop();
    project.run(&["audit"]).expect(0);
}

#[test]
fn a_rollback_survives_a_kill_after_each_record() {
    rollback("rollback", 10, Kill::Record);
}

#[test]
fn a_rollback_is_not_undone_by_the_next_ship() {
    rollback("ship", 5, Kill::Deed);
}
