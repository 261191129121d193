//! Hooks: what they are told, what their failure means, and what becomes of them when the command is killed.

use std::path::PathBuf;

use plimsoll_model::hook::{HOOK_VARIABLES, HookName, MIGRATE_VARIABLES};

use crate::support::{Project, Run};

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

/// A project that migrates with a shell script, which runs where the instances do. `$0` is the release's program.
fn migrating(script: &str) -> Project {
    Project::new().steps("").extra(&format!(
        "[hooks.migrate]\ncommand = [\"sh\", \"-c\", '{script}', \"{{artifact}}\"]\ntimeout = \"20s\"\n"
    ))
}

/// What a migration wrote into the service's shared folder.
fn shared(project: &Project, file: &str) -> String {
    let shared = project.path().join(".plimsoll/local/production/greeter/shared");
    std::fs::read_to_string(shared.join(file)).unwrap_or_default()
}

#[test]
fn a_migration_runs_once_with_the_release_before_anything_of_it_serves() {
    let script =
        "env | sort > env; echo \"$VERSION\" >> versions; test -x \"$0\" && echo moved 3 rows to $DATABASE";
    let mut project =
        migrating(script).run_keys("[run.secrets]\nDATABASE = { env = \"GREETER_DATABASE\" }\n");
    let ship = |project: &Project| {
        let mut command = project.command(&["ship", "-v"]);
        Run::of(&command.env("GREETER_DATABASE", "postgres://hidden").output().expect("it runs"))
    };
    ship(&project).expect(0).says(&["hook migrate passed", "moved 3 rows to ***"]);
    let told = shared(&project, "env");
    for variable in &MIGRATE_VARIABLES {
        assert!(told.contains(&format!("{}=", variable.name)), "no {} in:\n{told}", variable.name);
    }
    assert!(told.contains("DATABASE=postgres://hidden") && told.contains("PLIMSOLL_KIND=initial"), "{told}");
    project.change(&[("VERSION", "2")]);
    project.edit("moved 3 rows", "moved 4 rows");
    ship(&project).expect(0).says(&["moved 4 rows"]);
    assert_eq!(shared(&project, "versions"), "1\n2\n");
    // The way back does not migrate.
    let mut back = project.command(&["rollback"]);
    let back = Run::of(&back.env("GREETER_DATABASE", "postgres://hidden").output().expect("it runs"));
    back.expect(0).says(&["r1 serves everywhere"]);
    assert_eq!(shared(&project, "versions"), "1\n2\n");
    project.run(&["history", "r2"]).expect(0).says(&["hook migrate passed"]);
}

#[test]
fn a_failing_migration_refuses_and_nothing_moves() {
    let mut project = migrating("echo the table is locked >&2; test \"$VERSION\" = 1");
    project.run(&["ship"]).expect(0);
    let before = project.observe().expect("an agent runs");
    project.change(&[("VERSION", "2")]);
    project.run(&["ship"]).expect(10).says(&[
        "hook migrate failed",
        "the table is locked",
        "no request met the release",
        "exited with code 1",
    ]);
    assert_eq!(project.get(), "1");
    let after = project.observe().expect("an agent runs");
    let ports = |seen: &plimsoll_model::observation::HostObservation| {
        seen.instances.iter().map(|i| (i.instance.clone(), i.pid)).collect::<Vec<_>>()
    };
    assert_eq!((ports(&before), &before.current), (ports(&after), &after.current));
    // No time is a failure too, and a program that is not there.
    for (from, to, says) in [
        ("test \"$VERSION\" = 1'", "sleep 4321'", "took longer than 1s"),
        ("[\"sh\", \"-c\"", "[\"/no/such/program\"", "/no/such/program"),
    ] {
        project.edit(from, to);
        project.edit("timeout = \"20s\"", "timeout = \"1s\"");
        project.run(&["ship"]).expect(10).says(&[says]);
        project.edit("timeout = \"1s\"", "timeout = \"20s\"");
    }
    assert_eq!(project.get(), "1");
}

/// Together with `rollback = "blocked"`: nobody goes back past what it did.
#[test]
fn a_release_that_migrated_can_block_the_way_back() {
    let mut project = migrating("echo done");
    project.run(&["ship"]).expect(0);
    project.change(&[("VERSION", "2")]);
    project.edit("[run]\n", "[run]\nrollback = \"blocked\"\nrollback-reason = \"the column is gone\"\n");
    project.run(&["ship"]).expect(0).says(&["hook migrate passed"]);
    project.run(&["rollback"]).expect(10).says(&["the column is gone", "--force-past-block"]);
    assert_eq!(project.get(), "2");
}

/// However the command dies, the migration of a rollout runs once, and the rollout ends.
#[test]
fn no_migration_is_lost_or_run_twice_when_the_command_dies() {
    let mut project = migrating("echo \"$VERSION\" >> versions; sleep 0.3");
    project.run(&["ship"]).expect(0);
    let mut all = "1\n".to_owned();
    for record in 1..60 {
        let version = (record + 1).to_string();
        project.change(&[("VERSION", &version)]);
        let mut command = project.command(&["ship"]);
        let cut = command.env("PLIMSOLL_DIE_AFTER_RECORD", record.to_string()).output().expect("it runs");
        project.run(&["ship"]).expect(0);
        all.push_str(&version);
        all.push('\n');
        assert_eq!(shared(&project, "versions"), all, "after record {record}");
        assert_eq!(project.get(), version, "after record {record}");
        if cut.status.code().is_some() {
            assert!(record > 18, "{record} are too few");
            return;
        }
    }
    panic!("it writes too many records");
}
