//! The command line and the configuration file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::{Project, Run, plimsoll, skip};

/// Runs plimsoll in a folder that is no project of ours.
fn run_in(folder: &Path, args: &[&str]) -> Run {
    Run::of(&Command::new(plimsoll()).args(args).current_dir(folder).output().expect("plimsoll runs"))
}

#[test]
fn without_a_file_it_says_how_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["ship", "status", "history", "audit", "logs", "down"] {
        run_in(folder.path(), &[command]).expect(2).says(&[
            "there is no plimsoll.toml",
            "plimsoll init",
            "-c FILE",
        ]);
    }
    assert!(!folder.path().join(".plimsoll").exists(), "nothing was made");
}

#[test]
fn bad_toml_is_shown_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plimsoll.toml"), "[service]\nname = greeter\n").unwrap();
    run_in(folder.path(), &["ship"]).expect(2).says(&["error", "plimsoll.toml:2:8", "name = greeter", "^"]);
    assert!(!folder.path().join(".plimsoll").exists(), "nothing was made");
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plimsoll.toml");
    fs::write(&file, b"[service]\nname = \"caf\xe9\"\n").unwrap();
    run_in(folder.path(), &["ship"])
        .expect(2)
        .says(&["plimsoll.toml:2: this is not text in UTF-8", "save the file"]);
    fs::write(&file, vec![b'#'; 2_000_000]).unwrap();
    run_in(folder.path(), &["ship"]).expect(2).says(&["plimsoll.toml is longer than 1 MB", "-c FILE"]);
}

#[test]
fn an_unknown_key_gets_a_suggestion() {
    let project = Project::new();
    project.edit("instances = 2", "instnaces = 2");
    project.run(&["ship"]).expect(2).says(&["instnaces", "did you mean `instances`?", "plimsoll.toml:"]);
    project.edit("instnaces = 2", "instances = 2");
}

#[test]
fn unknown_names_are_answered_with_the_known_ones() {
    let project = Project::new();
    project
        .run(&["ship", "-e", "produktion"])
        .expect(2)
        .says(&["there is no environment `produktion`", "declared are: production"]);
    project.run(&["deploy", "r7"]).expect(2).says(&["there is no release `r7`", "none yet"]);
    project.run(&["build"]).expect(0);
    project.run(&["deploy", "r7"]).expect(2).says(&["there is no release `r7`", "the newest is: r1"]);
    project.run(&["history", "production-9"]).expect(2).says(&["production-9", "plimsoll history"]);
    project.run(&["shop"]).expect(2).says(&["shop", "ship"]);
}

#[test]
fn an_unset_secret_is_found_before_anything_starts() {
    let project = Project::new().run_keys("secrets = { TOKEN = { env = \"GREETER_TOKEN\" } }\n");
    project.run(&["ship"]).expect(2).says(&["TOKEN", "GREETER_TOKEN", "not set"]);
    assert!(project.records().iter().all(|r| r["entry"]["kind"] != "planned"), "no rollout was begun");
    let mut command = project.command(&["ship"]);
    Run::of(&command.env("GREETER_TOKEN", "s3cr3t-value").output().unwrap()).expect(0);
    assert!(!project.run(&["audit", "--json"]).stdout.contains("s3cr3t-value"));
    assert_eq!(project.get(), "1");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let project = Project::new();
    if rustix::process::getuid().is_root() {
        return skip("a_folder_that_cannot_be_written_is_named", "root may write everywhere");
    }
    fs::set_permissions(project.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let run = project.run(&["ship"]);
    fs::set_permissions(project.path(), fs::Permissions::from_mode(0o755)).unwrap();
    run.expect(1).says(&["cannot write", ".plimsoll"]);
}

#[test]
fn a_state_folder_that_is_a_file_is_named() {
    let project = Project::new();
    fs::write(project.path().join(".plimsoll"), "").unwrap();
    for (command, why) in
        [("ship", "cannot write"), ("build", "cannot write"), ("history", "Not a directory")]
    {
        project.run(&[command]).expect(1).says(&[why, ".plimsoll"]);
    }
    fs::remove_file(project.path().join(".plimsoll")).unwrap();
}

#[test]
fn init_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), &["init"]).expect(0).says(&["wrote plimsoll.toml", "hint: plimsoll ship"]);
    fs::write(folder.path().join("plimsoll.toml"), "mine").unwrap();
    run_in(folder.path(), &["init"]).expect(2).says(&["plimsoll.toml is there already", "not touched"]);
    assert_eq!(fs::read_to_string(folder.path().join("plimsoll.toml")).unwrap(), "mine");
}

#[test]
fn what_init_writes_is_understood() {
    let kinds: [(&str, &[(&str, &str)], &str); 4] = [
        (
            "go",
            &[
                ("go.mod", "module example.com/hello\ngo 1.22\n"),
                ("main.go", "package main\nfunc main() {}\n"),
            ],
            "go",
        ),
        (
            "cargo",
            &[
                ("Cargo.toml", "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
                ("src/main.rs", "fn main() {}\n"),
            ],
            "rust",
        ),
        (
            "cmake",
            &[
                ("CMakeLists.txt", "project(hello C)\nadd_executable(hello main.c)\n"),
                ("main.c", "int main(void){return 0;}\n"),
            ],
            "cmake",
        ),
        ("unknown", &[("README", "hello\n")], "command"),
    ];
    for (kind, files, builder) in kinds {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        run_in(folder.path(), &["init"]).expect(0);
        let text = fs::read_to_string(folder.path().join("plimsoll.toml")).unwrap();
        assert!(text.contains(&format!("type = \"{builder}\"")), "{kind}:\n{text}");
        let run = run_in(folder.path(), &["ship", "--dry-run"]).expect(0);
        assert_eq!(run.stderr, "", "{kind} is read without a warning");
        assert!(!folder.path().join(".plimsoll").exists(), "{kind}: a dry run makes nothing");
    }
}
