//! `plimsoll check` and `plimsoll explain` as they are typed: exit codes, formats, waivers.

use std::fs;

use crate::support::{Run, plimsoll};

const SUDO: &str = "FROM debian:12\nRUN sudo make\nUSER 1000\n";

/// What a command says in a folder with this Dockerfile.
fn run(dockerfile: &str, args: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
    let mut command = std::process::Command::new(plimsoll());
    Run::of(&command.args(args).current_dir(folder.path()).output().expect("plimsoll runs"))
}

#[test]
fn findings_refuse_by_severity() {
    run(SUDO, &["check"]).expect(10).says(&["error[DF3004]", "Dockerfile:2", "fix", "would be refused"]);
    run(SUDO, &["check", "--fail-on", "never"]).expect(0);
    run(SUDO, &["check", "--skip", "DL3004"]).expect(0).says(&["No findings in 1 file"]);
    let pipe = "FROM debian:12\nRUN a | b\nUSER 1000\n";
    run(pipe, &["check"]).expect(0).says(&["warning[DF4006]"]);
    run(pipe, &["check", "--fail-on", "warning"]).expect(10);
}

#[test]
fn every_format_is_written() {
    for (format, part) in [
        ("json", "\"rule\":\"DF3004\""),
        ("sarif", "\"version\":\"2.1.0\""),
        ("junit", "<failure type=\"DF3004\""),
        ("github", "::error file=Dockerfile,line=2"),
        ("gitlab", "\"check_name\":\"DF3004\""),
    ] {
        run(SUDO, &["check", "--format", format]).expect(10).says(&[part]);
    }
    run(SUDO, &["check", "--json"]).expect(10).says(&[
        "\"aliases\":[\"DL3004\"",
        "\"line\":2",
        "\"path\":\"Dockerfile\"",
    ]);
}

#[test]
fn waivers_need_a_reason_and_end() {
    let with = |comment: &str| SUDO.replace("RUN", &format!("# {comment}\nRUN"));
    run(&with("plimsoll: allow sudo: the base needs it"), &["check"]).expect(0).says(&["1 allowed"]);
    run(&with("plimsoll: allow sudo"), &["check"]).expect(10).says(&["WV002"]);
    run(&with("plimsoll: allow sudo until 2020-01-31: soon"), &["check"])
        .expect(10)
        .says(&["WV003", "until 2020-01-31"]);
    run(&with("hadolint ignore=DL3004"), &["check"]).expect(0);
}

#[test]
fn what_cannot_be_checked_is_not_good() {
    run(SUDO, &["check", "nowhere"]).expect(2).says(&["there is no nowhere"]);
    run(SUDO, &["check", "--only", "DL9999"]).expect(2).says(&["no rule `DL9999`"]);
    run("FROM debian:12\0\nUSER 1000\n", &["check"]).expect(14).says(&["could not be checked"]);
}

#[test]
fn rules_are_explained_by_any_name() {
    for word in ["DF3025", "DL3025", "shell-form", "JSONArgsRecommended"] {
        run(SUDO, &["explain", word]).expect(0).says(&["SIGTERM", "How to fix"]);
    }
    run(SUDO, &["explain", "shell-from"]).expect(2).says(&["did you mean `shell-form`?"]);
}
