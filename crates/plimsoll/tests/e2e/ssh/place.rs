//! Our own program on its way to a host.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::server::{Relay, Server};
use crate::support::{Project, plimsoll, wait_for};

/// Half of our program, about.
fn half() -> u64 {
    fs::metadata(plimsoll()).unwrap().len() / 2
}

fn part(server: &Server) -> Option<fs::DirEntry> {
    let entries = fs::read_dir(server.root().join("bin")).into_iter().flatten().flatten();
    entries.into_iter().find(|entry| entry.path().extension().is_some_and(|extension| extension == "part"))
}

#[test]
fn an_upload_that_is_cut_is_gone_on_from() {
    let Some(mut server) = Server::start("an_upload_that_is_cut_is_gone_on_from") else { return };
    let relay = Relay::to(server.port());
    server.client_host("far", &[("Port", relay.port.to_string()), ("Compression", "no".to_owned())]);
    let project = server.project(&["far"], "");
    relay.cut_after(i64::try_from(half()).unwrap());
    project.run(&["ship"]).expect(15).says(&["far"]);
    assert!(server.programs().is_empty(), "half a program is none");
    wait_for("what came to be kept", || {
        part(&server).is_some_and(|part| part.metadata().unwrap().len() > half() / 2)
    });
    // Less than the whole program passes now, so it can only succeed by going on.
    relay.cut_after(i64::try_from(half()).unwrap() * 3 / 2);
    let project = ship_until_placed(project, &server);
    relay.mend();
    assert!(part(&server).is_none());
    project.run(&["ship"]).expect(0).says(&["r1 serves everywhere"]);
}

fn ship_until_placed(project: Project, server: &Server) -> Project {
    project.run(&["ship"]);
    wait_for("the program in its place", || server.programs().len() == 1);
    project
}

#[test]
fn damaged_content_is_never_placed() {
    let Some(server) = Server::start("damaged_content_is_never_placed") else { return };
    let project = server.project(&["web1"], "");
    project.run(&["ship"]).expect(0);
    let [program] = &server.programs()[..] else { panic!("one program") };
    let folder = program.parent().unwrap();
    let digest = folder.file_name().unwrap().to_str().unwrap().to_owned();
    project.run(&["down"]).expect(0);
    // What an earlier attempt left is no beginning of our program.
    fs::remove_dir_all(folder).unwrap();
    fs::write(server.root().join("bin").join(format!(".{digest}.part")), "something else").unwrap();
    project.run(&["deploy", "r1"]).expect(0);
    assert_eq!(fs::read(program).unwrap(), fs::read(plimsoll()).unwrap());
}

#[test]
fn several_commands_place_it_at_the_same_time() {
    let Some(server) = Server::start("several_commands_place_it_at_the_same_time") else { return };
    let projects: Vec<Project> = (0..3).map(|_| server.project(&["web1"], "")).collect();
    for (number, project) in projects.iter().enumerate() {
        project.edit("name = \"greeter\"", &format!("name = \"greeter-{number}\""));
    }
    let running: Vec<_> = projects.iter().map(|project| project.start(&["ship"])).collect();
    for child in running {
        crate::support::Run::of(&child.wait_with_output().unwrap()).expect(0);
    }
    let [program] = &server.programs()[..] else { panic!("one program for all: {:?}", server.programs()) };
    assert_eq!(program.metadata().unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn a_file_system_that_runs_nothing_is_named() {
    let Some(server) = Server::start("a_file_system_that_runs_nothing_is_named") else { return };
    let folder = server.root();
    fs::create_dir(&folder).unwrap();
    let mount = |args: &[&str]| {
        let status = std::process::Command::new(args[0]).args(&args[1..]).arg(&folder).status();
        status.is_ok_and(|status| status.success())
    };
    if !mount(&["mount", "-t", "tmpfs", "-o", "noexec", "plimsoll-test"]) {
        crate::support::skip("a_file_system_that_runs_nothing_is_named", "nothing can be mounted here");
        return;
    }
    let project = server.project(&["web1"], "");
    let run = project.run(&["ship"]);
    assert!(mount(&["umount"]));
    run.expect(15).says(&["cannot be run there", "noexec", "root = "]);
}

#[test]
fn a_full_disk_is_named_and_nothing_is_left_on_it() {
    let Some(server) = Server::start("a_full_disk_is_named_and_nothing_is_left_on_it") else { return };
    let folder = server.root();
    fs::create_dir(&folder).unwrap();
    let mount = |args: &[&str]| {
        let status = std::process::Command::new(args[0]).args(&args[1..]).arg(&folder).status();
        status.is_ok_and(|status| status.success())
    };
    if !mount(&["mount", "-t", "tmpfs", "-o", "size=4m", "plimsoll-test"]) {
        crate::support::skip("a_full_disk_is_named_and_nothing_is_left_on_it", "nothing can be mounted here");
        return;
    }
    let project = server.project(&["web1"], "");
    let run = project.run(&["ship"]);
    let left: Vec<_> = fs::read_dir(folder.join("bin")).unwrap().flatten().collect();
    assert!(mount(&["umount"]));
    run.expect(15).says(&["its disk is full"]);
    assert!(left.is_empty(), "{left:?}");
}
