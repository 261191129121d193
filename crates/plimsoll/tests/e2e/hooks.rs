//! Hooks: what they are told, what their failure means, and what becomes of them when the command is killed.

use std::path::PathBuf;

use plimsoll_model::hook::{HOOK_VARIABLES, HookName};

use crate::support::Project;

/// A project whose hooks write their environment into a file each, and then do as `pre` says.
fn project(pre: &str) -> Project {
    let hook = |name: HookName, then: &str| {
        format!(
            "[hooks.{name}]\ncommand = [\"sh\", \"-c\", 'env | grep ^PLIMSOLL_ | sort > .plimsoll/out-{name}; echo once >> .plimsoll/count-{name}; {then}']\ntimeout = \"20s\"\n"
        )
    };
    let all: String =
        HookName::ALL.map(|name| hook(name, if name == HookName::PreDeploy { pre } else { "true" })).concat();
    Project::new().steps("").extra(&all)
}

fn out(project: &Project, hook: HookName) -> PathBuf {
    project.path().join(format!(".plimsoll/out-{hook}"))
}

/// The variable in the environment that the hook wrote down.
#[track_caller]
fn told(project: &Project, hook: HookName, variable: &str) -> String {
    let text = std::fs::read_to_string(out(project, hook)).expect("the hook ran");
    let prefix = format!("{variable}=");
    let found = text.lines().find_map(|line| line.strip_prefix(&prefix)).map(str::to_owned);
    found.unwrap_or_else(|| panic!("no {variable} in:\n{text}"))
}

fn times(project: &Project, hook: HookName) -> usize {
    let text = std::fs::read_to_string(project.path().join(format!(".plimsoll/count-{hook}")));
    text.map_or(0, |text| text.lines().count())
}

#[test]
fn hooks_are_told_what_happens() {
    let mut project = project("true");
    project.run(&["ship"]).expect(0).says(&["hook pre-deploy passed", "hook post-deploy passed"]);
    for variable in &HOOK_VARIABLES {
        told(&project, HookName::PostDeploy, variable.name);
    }
    assert_eq!(told(&project, HookName::PreDeploy, "PLIMSOLL_OUTCOME"), "");
    assert_eq!(told(&project, HookName::PostDeploy, "PLIMSOLL_OUTCOME"), "promoted");
    assert_eq!(told(&project, HookName::PostDeploy, "PLIMSOLL_KIND"), "initial");
    project.change(&[("VERSION", "2"), ("EXIT", "3")]);
    project.run(&["ship"]).expect(11).says(&["hook rolled-back passed", "BACK"]);
    assert_eq!(told(&project, HookName::RolledBack, "PLIMSOLL_RELEASE_NUMBER"), "2");
    assert_eq!(told(&project, HookName::RolledBack, "PLIMSOLL_REPLACES_NUMBER"), "1");
    assert_eq!(told(&project, HookName::RolledBack, "PLIMSOLL_HOSTS"), "local");
    let reason = told(&project, HookName::RolledBack, "PLIMSOLL_REASON");
    assert!(reason.contains("exited with code 3"), "{reason}");
    assert_eq!((times(&project, HookName::PostDeploy), times(&project, HookName::DeployFailed)), (1, 0));
}

#[test]
fn a_failing_pre_deploy_refuses_and_nothing_changes() {
    let mut project = project("test \"$PLIMSOLL_RELEASE_NUMBER\" = 1 || { echo not on a Friday; exit 3; }");
    project.run(&["ship"]).expect(0);
    let before = project.observe().expect("an agent runs");
    project.change(&[("VERSION", "2")]);
    project.run(&["ship"]).expect(10).says(&["hook pre-deploy failed", "not on a Friday", "exited with 3"]);
    assert_eq!(project.get(), "1");
    let after = project.observe().expect("an agent runs");
    assert_eq!(before.releases, after.releases, "nothing was uploaded");
    assert_eq!(told(&project, HookName::DeployFailed, "PLIMSOLL_OUTCOME"), "refused");
    // It is no stain on the release.
    project.edit("= 1 ||", "= 2 ||");
    project.run(&["deploy", "r2"]).expect(0).says(&["r2 serves everywhere"]);
}

#[test]
fn a_failing_post_deploy_is_said_and_changes_nothing() {
    let project = Project::new()
        .steps("")
        .extra("[hooks.post-deploy]\ncommand = [\"sh\", \"-c\", \"echo cannot tell anybody; exit 7\"]\n");
    project.run(&["ship"]).expect(0).says(&[
        "hook post-deploy failed",
        "exited with 7",
        "cannot tell anybody",
        "the rollout stays as it ended",
        "r1 serves everywhere",
    ]);
    project.run(&["history", "r1"]).expect(0).says(&["hook post-deploy failed"]);
}

#[test]
fn a_hook_that_takes_too_long_is_ended_with_all_that_it_started() {
    let project = Project::new().steps("").extra(
        "[hooks.pre-deploy]\ncommand = [\"sh\", \"-c\", \"sleep 4321 & echo begun; sleep 4321\"]\ntimeout = \"1s\"\n",
    );
    project.run(&["ship"]).expect(10).says(&["took longer than 1s", "begun"]);
    let running = std::fs::read_dir("/proc").expect("/proc").flatten();
    let ours = project.path().canonicalize().expect("a folder");
    let left = running.filter(|e| {
        let sleeps =
            std::fs::read(e.path().join("cmdline")).is_ok_and(|line| line.starts_with(b"sleep\x004321"));
        sleeps && std::fs::read_link(e.path().join("cwd")).is_ok_and(|cwd| cwd == ours)
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn a_command_that_waits_for_a_person_says_so() {
    let mut project = project("true").steps("{ set-weight = \"20%\" }, { approve = \"ops\" }");
    project.run(&["ship"]).expect(0);
    project.change(&[("VERSION", "2")]);
    project.run(&["ship", "--detach"]).expect(14).says(&["hook held passed"]);
    assert!(told(&project, HookName::Held, "PLIMSOLL_REASON").contains("ops"));
    project.run(&["promote"]).expect(0);
    assert_eq!(times(&project, HookName::PreDeploy), 2, "once a rollout, whoever goes on with it");
}

/// However the command dies, each hook that ended ran once, and none is left out.
#[test]
fn no_hook_is_lost_or_run_twice_when_the_command_dies() {
    let mut project = project("true");
    project.run(&["ship"]).expect(0);
    for record in 1..60 {
        let version = (record + 1).to_string();
        project.change(&[("VERSION", &version)]);
        let before = [HookName::PreDeploy, HookName::PostDeploy].map(|hook| times(&project, hook));
        let mut command = project.command(&["ship"]);
        let cut = command.env("PLIMSOLL_DIE_AFTER_RECORD", record.to_string()).output().expect("it runs");
        project.run(&["ship"]).expect(0);
        assert_eq!(project.get(), version, "after record {record}");
        let records = project.records();
        let ends = |hook: HookName| {
            let of = |r: &&serde_json::Value| {
                r["entry"]["kind"] == "hook-ended" && r["entry"]["run"]["hook"] == hook.name()
            };
            records.iter().filter(of).count()
        };
        for (hook, before) in [HookName::PreDeploy, HookName::PostDeploy].into_iter().zip(before) {
            let (ran, shipped) =
                (times(&project, hook) - before, usize::try_from(record).expect("small") + 1);
            assert_eq!(ends(hook), shipped, "{hook} after record {record}");
            // Killed between its begin and its end as they are written: it is run again, and is told so.
            let again = told(&project, hook, "PLIMSOLL_ATTEMPT") != "1";
            assert!(ran == 1 || (again && ran == 2), "{hook} after record {record}: {ran}");
        }
        if cut.status.code().is_some() {
            assert!(record > 20, "{record} are too few");
            return;
        }
    }
    panic!("it writes too many records");
}
