//! The proxy is killed: the agent starts it again with its table, and its counters begin anew.

use std::time::{Duration, Instant};

use super::quick;
use crate::support::{Load, Part, Project, eventually, kill};

/// Kills the proxy and waits until requests are answered again.
#[track_caller]
fn kill_proxy(project: &Project) {
    let before = project.pid(&Part::Proxy);
    kill(before);
    let killed = Instant::now();
    let connects = || std::net::TcpStream::connect(("127.0.0.1", project.port)).is_ok();
    eventually("another proxy listens", || {
        let pids = project.pids(&Part::Proxy);
        pids.len() == 1 && pids != [before] && connects()
    });
    assert!(killed.elapsed() < Duration::from_secs(5), "after {:?}", killed.elapsed());
}

#[test]
fn a_proxy_that_is_killed_comes_back_with_its_table() {
    let project = quick();
    project.run(&["ship"]).expect(0);
    kill_proxy(&project);
    project.serves("1", "the proxy was killed");
}

#[test]
fn counters_that_begin_anew_lead_to_no_verdict() {
    let mut project = quick().steps("{ set-weight = \"50%\" }, { pause = \"3s\" }");
    project.run(&["ship"]).expect(0);
    let load = Load::start(project.port, 150);
    project.change(&[("VERSION", "2")]);
    let mut ship = project.start(&["ship"]);
    eventually("the canary has traffic", || load.counts().good.get("2").is_some_and(|n| *n > 50));
    kill_proxy(&project);
    assert!(ship.wait().expect("it ends").success());
    project.serves("2", "the proxy was killed in the middle of a canary");
    // What was under way is lost by nature, and so is what came before the next proxy listened; it is not the release's.
    assert!(load.stop().bad == 0);
}

#[test]
fn a_bad_canary_is_still_found_after_the_proxy_was_killed() {
    let mut project = quick().steps("{ set-weight = \"20%\" }, { pause = \"10s\" }");
    project.run(&["ship"]).expect(0);
    let load = Load::start(project.port, 20);
    project.change(&[("VERSION", "2"), ("ERROR_PERCENT", "10")]);
    let mut ship = project.start(&["ship"]);
    eventually("the canary has traffic", || load.counts().good.contains_key("2"));
    kill_proxy(&project);
    let more = Load::start(project.port, 150);
    assert_eq!(ship.wait().expect("it ends").code(), Some(11));
    project.serves("1", "the proxy was killed in the middle of a bad canary");
    more.stop();
    load.stop();
}
