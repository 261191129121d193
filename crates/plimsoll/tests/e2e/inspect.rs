//! `plimsoll inspect` as it is typed: exit codes, text, JSON.

use std::fs;

use crate::support::{Run, plimsoll};

fn run(args: &[&str]) -> Run {
    let mut command = std::process::Command::new(plimsoll());
    Run::of(&command.arg("inspect").args(args).output().expect("plimsoll runs"))
}

#[test]
fn a_program_is_told_from_what_is_none() {
    run(&["/bin/ls"]).expect(0).says(&[
        "/bin/ls: ELF program for linux/",
        "linkage    dynamic",
        "libc.so.6",
        "hardening",
    ]);
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    fs::write(&text, "hello").unwrap();
    let text = text.to_str().unwrap();
    run(&["/bin/ls", text]).expect(14).says(&["libc.so.6", "unknown: the file is text"]);
    run(&[text, "--json"]).expect(14).says(&["\"format\":\"unknown\"", "\"problem\":{\"what\":"]);
    run(&["/nowhere/app"]).expect(2).says(&["there is no /nowhere/app"]);
    run(&["/bin/ls", "--root", text]).expect(2).says(&["is not a folder"]);
}

#[test]
fn another_root_lacks_what_is_not_in_it() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().to_str().unwrap();
    run(&["/bin/ls", "--root", root]).expect(0).says(&["missing: /lib", "not found", "unmet in"]);
    let text = run(&["/bin/ls", "/bin/sh", "--root", root, "--json"]).expect(0).text();
    let objects: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), 2, "{text}");
    for object in objects {
        assert_eq!((&object["linkage"], &object["interpreter_present"]), (&"dynamic".into(), &"no".into()));
        assert!(object["libraries"].as_array().unwrap().iter().all(|library| library["path"].is_null()));
    }
}
