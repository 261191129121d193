//! A host is out of reach, or off: before, in the middle of and after each change of a rollout.
//!
//! The moments are found by running, as everywhere: `ship` stops at its first change, its second, its third, until it ends
//! before its time comes. Each moment is a case of its own with the next version.

use crate::case::Case;
use crate::clients::Side;
use crate::moment::Moment;
use crate::stage::{Stage, on_stage};

/// What is done to a host, and undone when the command has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outage {
    Cut,
    Off,
}

/// When, of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    During,
    After,
}

/// Who suffers.
const VICTIM: &str = "web2";

impl Outage {
    fn word(self) -> &'static str {
        match self {
            Self::Cut => "cut off",
            Self::Off => "without power",
        }
    }

    fn begin(self, case: &Case<'_>) {
        let host = case.host(VICTIM);
        match self {
            Self::Cut => host.cut_link().unwrap(),
            Self::Off => host.kill().unwrap(),
        }
    }

    fn end(self, case: &Case<'_>) {
        let host = case.host(VICTIM);
        match self {
            Self::Cut => host.restore_link().unwrap(),
            Self::Off => host.boot().unwrap(),
        }
    }
}

/// One moment; `false` where the command ended before it came.
fn outage(stage: &mut Stage, outage: Outage, change: u64, when: When) -> bool {
    // Whoever is beyond the cut asks on and loses nothing; a host without power answers nobody.
    let side = if outage == Outage::Cut { Side::Theirs } else { Side::Ours };
    let mut case = stage.case_with("", side);
    if outage == Outage::Off {
        case.excuse(VICTIM);
    }
    case.next(&[]);
    let moment = if when == When::After { Moment::Deed(change) } else { Moment::Intent(change) };
    let ship = match case.stage.project.stopped_at(&["ship"], moment) {
        Ok(ship) => ship,
        Err(run) => {
            case.rename(format!("there is no change {change}"));
            case.judge(&run, &[0], &[]);
            case.end();
            return false;
        }
    };
    let word = match when {
        When::Before => "before",
        When::During => "in the middle of",
        When::After => "after",
    };
    let name =
        format!("{VICTIM} {} {word} change {change}, {}", outage.word(), case.stage.project.last_change());
    case.rename(name);
    if when == When::During {
        ship.resume();
        outage.begin(&case);
    } else {
        outage.begin(&case);
        ship.resume();
    }
    let run = ship.end();
    let code = case.judge(&run, &[0, 11, 12, 14], &[VICTIM]);
    outage.end(&case);
    case.back(code);
    case.end();
    true
}

fn at_every_change(test: &str, what: Outage) {
    let Some(mut stage) = Stage::up(test) else { return };
    for change in 1.. {
        let goes_on =
            [When::Before, When::During, When::After].map(|when| outage(&mut stage, what, change, when));
        if goes_on == [false; 3] {
            assert!(change > 5, "{change} are too few");
            break;
        }
    }
}

#[test]
#[ignore = "a rollout for each moment of one; with --all"]
fn a_host_is_cut_off_at_every_change() {
    at_every_change("a_host_is_cut_off_at_every_change", Outage::Cut);
}

#[test]
#[ignore = "a rollout for each moment of one; with --all"]
fn a_host_loses_its_power_at_every_change() {
    at_every_change("a_host_loses_its_power_at_every_change", Outage::Off);
}

#[test]
fn a_link_is_down_for_a_moment_in_a_canary() {
    on_stage("a_link_is_down_for_a_moment_in_a_canary", |stage| {
        let mut case = stage.case_with("every link down for two seconds in a canary", Side::Theirs);
        let ship = case.canary();
        for host in case.hosts() {
            host.cut_link().unwrap();
        }
        std::thread::sleep(std::time::Duration::from_secs(2));
        for host in case.hosts() {
            host.restore_link().unwrap();
        }
        let run = ship.end();
        case.judge(&run, &[0], &[]);
        case.end();
    });
}
