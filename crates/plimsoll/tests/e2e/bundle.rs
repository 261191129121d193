//! `plimsoll bundle` as it is typed: what it prints, what it refuses, and that what it makes runs.

use std::fs;
use std::process::Command;

use crate::support::{Run, plimsoll};

fn run(args: &[&str]) -> Run {
    let mut command = Command::new(plimsoll());
    Run::of(&command.arg("bundle").args(args).output().expect("plimsoll runs"))
}

#[test]
fn a_bundle_is_made_told_of_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let (first, second) = (first.to_str().unwrap(), second.to_str().unwrap());
    run(&["/bin/ls", "-o", first]).expect(0).says(&[
        "first/bin/ls: ",
        "from /usr/bin/ls",
        "ok        name-services: libexec/ls calls getpw",
        "to do     time-zones",
    ]);
    let listed = Command::new(format!("{first}/bin/ls")).arg(first).env_clear().output().unwrap();
    assert_eq!(String::from_utf8_lossy(&listed.stdout), "bin\nbundle.json\nlib\nlibexec\ntree\n");

    let text = run(&["/bin/ls", "-o", second, "--without", "locales", "--json"]).expect(0).text();
    let object: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&object["start"], &object["linkage"]), (&"bin/ls".into(), &"dynamic".into()));
    let written = fs::read_to_string(format!("{second}/bundle.json")).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), object);
}

#[test]
fn what_cannot_be_bundled_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("out");
    let into = into.to_str().unwrap();
    let script = folder.path().join("start");
    fs::write(&script, "#!/usr/bin/env python3\n").unwrap();
    run(&[script.to_str().unwrap(), "-o", into]).expect(2).says(&[
        "is a script",
        "plimsoll bundle $(command -v python3)",
        "--with",
    ]);
    run(&["/nowhere", "-o", into]).expect(2).says(&["there is no /nowhere"]);
    run(&["/bin/ls", "-o", folder.path().to_str().unwrap()]).expect(2).says(&["is not empty"]);
    run(&["/bin/ls", "-o", into, "--without", "fonts"])
        .expect(2)
        .says(&["`fonts` is neither one of git, nginx"]);
    run(&["/bin/ls", "-o", into, "--with", "/none"]).expect(2).says(&["there is no /none"]);
    assert!(!std::path::Path::new(into).exists());
}
