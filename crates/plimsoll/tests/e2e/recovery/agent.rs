//! The agent is killed: at rest, and at every record of a promotion and of a rollback.

use super::{Kill, promotion_goes_on, quick, rollback_goes_on};
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

#[test]
fn a_promotion_goes_on_when_the_agent_is_killed_at_any_record() {
    promotion_goes_on(25, Kill::Agent);
}

#[test]
fn a_rollback_goes_on_when_the_agent_is_killed_at_any_record() {
    rollback_goes_on(10, Kill::Agent);
}
