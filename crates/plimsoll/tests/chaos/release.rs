//! The release is not what it should be.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::case::Case;
use crate::stage::{Stage, on_stage};

#[test]
fn a_release_crashes_again_and_again() {
    on_stage("a_release_crashes_again_and_again", |stage| {
        let mut case = stage.case("crash loop");
        case.next(&[("EXIT", "7")]);
        let run = case.run(&["ship"]).says(&["exited with code 7"]);
        case.judge(&run, &[11], &[]);
        case.end();
    });
}

#[test]
fn the_old_program_answers_in_place_of_the_new_one() {
    on_stage("the_old_program_answers_in_place_of_the_new_one", |stage| {
        let old = fs::read_dir(stage.hosts()[0].root().join("opt/plimsoll/greeter/current")).unwrap();
        let mut names = old.flatten().map(|entry| entry.file_name());
        assert!(names.any(|name| name == "greeter"), "the old program is there");
        let mut case = stage.case("answers 200 with the new version, and is the old program");
        case.next(&[("BECOME", "/opt/plimsoll/greeter/current/greeter")]);
        let run = case.run(&["ship"]);
        case.judge(&run, &[11], &[]);
        case.end();
    });
}

/// Builds a version, does something to it, and deploys it: nothing changes anywhere.
fn refused(stage: &mut Stage, name: &str, codes: &[i32], spoil: impl FnOnce(&Path)) {
    let mut case = stage.case(name);
    case.next(&[]);
    case.run(&["build"]).expect(0);
    let (number, release) = case.stage.newest_release();
    let folder = case.stage.release_folder(release.as_str());
    unlock(&folder);
    spoil(&folder);
    let run = case.run(&["deploy", &number]);
    let code = case.judge(&run, codes, &[]);
    println!("{name}: exit code {code}: {}", last_words(&run.text()));
    case.end();
}

/// Sealed releases are not to be changed; whoever wants to can.
fn unlock(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn last_words(text: &str) -> String {
    text.lines().filter(|line| !line.trim().is_empty()).take(3).collect::<Vec<_>>().join(" | ")
}

fn change_a_byte(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_release_was_tampered_with() {
    on_stage("a_release_was_tampered_with", |stage| {
        refused(stage, "one bit of the program changed after it was sealed", &[10], |folder| {
            change_a_byte(&folder.join("greeter"));
        });
        refused(stage, "the manifest changed after it was signed", &[10], |folder| {
            let file = folder.join("manifest.json");
            let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
            let size = manifest["artifact"]["size"].as_u64().unwrap();
            manifest["artifact"]["size"] = (size + 1).into();
            fs::write(&file, manifest.to_string()).unwrap();
        });
    });
}

#[test]
fn a_release_is_not_signed() {
    on_stage("a_release_is_not_signed", |stage| {
        let signature = "manifest.json.minisig";
        refused(stage, "a release without signature", &[10], |folder| {
            fs::remove_file(folder.join(signature)).unwrap();
        });
        let other = stage.release_folder(&current(stage));
        refused(stage, "a release with another one's signature", &[10], |folder| {
            fs::copy(other.join(signature), folder.join(signature)).unwrap();
        });
    });
}

/// The release that serves.
fn current(stage: &Stage) -> String {
    stage.project.status()["environments"][0]["release"]["release"].as_str().expect("a release").to_owned()
}

#[test]
fn a_release_on_a_host_was_tampered_with() {
    on_stage("a_release_on_a_host_was_tampered_with", |stage| {
        let before = current(stage);
        let mut case = stage.case("a release goes out");
        case.next(&[]);
        let run = case.run(&["ship"]);
        case.judge(&run, &[0], &[]);
        case.end();
        let mut case = stage.case("back to a release that somebody changed on one host");
        let folder = case.host("web2").root().join("opt/plimsoll/greeter/releases").join(&before);
        unlock(&folder);
        change_a_byte(&folder.join("greeter"));
        case.back_to(&before);
        let run = case.run(&["rollback"]);
        let code = case.judge(&run, &[0, 10, 11, 12, 14], &[]);
        case.back(code);
        case.end();
    });
}

impl Case<'_> {
    /// The version that goes out is an older one.
    fn back_to(&mut self, release: &str) {
        let version = self.stage.version_of_release(release).expect("a release of this stage").to_owned();
        self.goes_to(version);
    }
}

#[test]
#[ignore = "compiles Go for another machine; with --all"]
fn a_release_is_for_another_processor() {
    let test = "a_release_is_for_another_processor";
    if !std::process::Command::new("go").arg("version").output().is_ok_and(|output| output.status.success()) {
        return crate::support::skip(test, "there is no `go` here");
    }
    on_stage(test, |stage| {
        let mut case = stage.case("a release for arm64 on amd64");
        case.next(&[]);
        let source = "package main\n\nfunc main() { select {} }\n";
        fs::write(case.stage.project.path().join("main.go"), source).unwrap();
        let build = r#"["sh", "-c", "mkdir -p out && CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -o out/greeter main.go"]"#;
        case.stage.project.become_version(build, &[]);
        let run = case.run(&["ship"]).says(&["arm64"]);
        case.judge(&run, &[10], &[]);
        case.end();
    });
}
