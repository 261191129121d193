//! `plimsoll unit`, and units in `check` and `inspect`, as they are typed.

use std::fs;
use std::path::Path;

use crate::support::{Run, plimsoll};

fn run(folder: &Path, args: &[&str]) -> Run {
    let mut command = std::process::Command::new(plimsoll());
    Run::of(&command.args(args).current_dir(folder).output().expect("plimsoll runs"))
}

#[test]
fn a_unit_is_printed_with_reasons() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["unit"]).expect(2).says(&["there is no plimsoll.toml", "--binary"]);
    run(folder.path(), &["unit", "--binary", "app"]).expect(2).says(&["there is no file app"]);
    fs::write(folder.path().join("app"), "\x7fELF").unwrap();
    run(folder.path(), &["unit", "--binary", "app"]).expect(0).says(&[
        "[Service]",
        "# the whole file system is read-only\nProtectSystem=strict",
        "MemoryDenyWriteExecute=yes",
        "# exposure 1.1 of 10 (OK)",
    ]);
    fs::write(folder.path().join("app"), "\x7fELF v8::internal NOTIFY_SOCKET").unwrap();
    run(folder.path(), &["unit", "--binary", "app"]).expect(0).says(&[
        "relaxed: the program makes code while it runs (V8)",
        "hardening = \"jit\"",
        "`notify = true` in [run]",
    ]);
    run(folder.path(), &["unit", "--binary", "app", "--json"])
        .expect(0)
        .says(&["\"systemd\":252", "\"why\":"]);
}

#[test]
fn units_are_checked_and_inspected() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.service"), "[Service]\nProtectSytem=strict\nExecStart=/usr/bin/app\n")
        .unwrap();
    run(folder.path(), &["check"]).expect(10).says(&["error[SYSD002]", "app.service:2", "ProtectSystem="]);
    run(folder.path(), &["inspect", "app.service"]).expect(0).says(&[
        "systemd unit",
        "9.6 of 10",
        "PrivateNetwork=yes",
    ]);
    run(folder.path(), &["inspect", "--json", "app.service"]).expect(0).says(&[
        "\"format\":\"systemd-unit\"",
        "\"score\":9.6",
        "\"level\":\"UNSAFE\"",
    ]);
}
