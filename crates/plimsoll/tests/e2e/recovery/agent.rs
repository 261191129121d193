//! The agent is killed: at rest, and at every record of a promotion, alone and together with the command.

use super::{Kill, quick};
use crate::support::{Load, Part, kill};

#[test]
fn instances_and_proxy_outlive_the_agent() {
    let project = quick();
    project.run(&["ship"]).expect(0);
    let load = Load::start(project.port, 150);
    let before = project.processes();
    let agent = project.pid(&Part::Agent);
    kill(agent);
    std::thread::sleep(std::time::Duration::from_millis(300));
    // A command that only looks brings it back: without it nobody would restart what ends.
    project.serves("1", "the agent was killed");
    let kept = |processes: Vec<(Part, u32)>| {
        processes.into_iter().filter(|(part, _)| *part != Part::Agent).collect::<Vec<_>>()
    };
    assert_eq!(kept(project.processes()), kept(before));
    assert_ne!(project.pid(&Part::Agent), agent);
    load.lost_nothing("the agent was killed");
    load.stop();
}

#[test]
fn down_stops_everything_although_the_agent_was_killed() {
    let project = quick();
    project.run(&["ship"]).expect(0);
    kill(project.pid(&Part::Agent));
    project.run(&["down"]).expect(0).says(&["stopped"]);
    crate::support::eventually("nothing runs but the agent", || {
        project.processes().iter().all(|(part, _)| *part == Part::Agent)
    });
}

/// A promotion whose agent is killed at every record goes on by itself, or with the next `ship` where the command was
/// killed with it.
fn promote(kill: impl Fn(u64) -> Kill) {
    let mut project = quick();
    project.run(&["ship"]).expect(0);
    let load = Load::start(project.port, 150);
    for n in 1.. {
        let (version, case) = ((n + 1).to_string(), format!("{:?} of a promotion", kill(n)));
        project.change(&[("VERSION", &version)]);
        let agent = project.pid(&Part::Agent);
        let run = project.disturbed(&["ship"], kill(n));
        let untouched = project.pids(&Part::Agent) == [agent];
        if run.code.is_none() {
            let next = project.run(&["ship"]);
            assert_eq!(next.code, Some(0), "{case}: {}", next.text());
        } else {
            assert_eq!(run.code, Some(0), "{case}: {}", run.text());
        }
        project.serves(&version, &case);
        load.lost_nothing(&case);
        if untouched {
            assert!(n > 25, "a promotion writes more records than {n}");
            break;
        }
    }
    load.stop();
    project.run(&["audit"]).expect(0);
}

#[test]
fn a_promotion_goes_on_when_the_agent_is_killed_at_any_record() {
    promote(Kill::Agent);
}

#[test]
fn a_promotion_survives_a_kill_of_agent_and_command_at_any_record() {
    promote(Kill::Both);
}
