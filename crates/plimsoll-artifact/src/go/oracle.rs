//! Programs that this machine's Go builds, and what `go version -m` says about them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Answer, BuildInfo, Program, inspect, inspect_file};
use crate::elf::{self, LinkageKind};

fn go() -> Option<PathBuf> {
    let places = ["go", "/usr/local/go/bin/go"].map(PathBuf::from);
    places.into_iter().find(|go| Command::new(go).arg("version").output().is_ok_and(|o| o.status.success()))
}

fn run(go: &Path, folder: &Path, arguments: &[&str], cgo: &str) -> String {
    let output = Command::new(go)
        .args(arguments)
        .current_dir(folder)
        .envs([("CGO_ENABLED", cgo), ("GOFLAGS", ""), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local")])
        .env("GOWORK", "off")
        .output()
        .unwrap();
    assert!(output.status.success(), "go {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What `go version -m` says; it indents the lines that the linker wrote.
fn as_go_reads(go: &Path, program: &Path) -> Option<BuildInfo> {
    let output = Command::new(go).args(["version", "-m"]).arg(program).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (first, rest) = text.split_once('\n')?;
    let lines: Vec<_> = rest.lines().map(|line| line.strip_prefix('\t').unwrap_or(line)).collect();
    Some(BuildInfo::parse(first.rsplit_once(": ")?.1, &lines.join("\n")))
}

#[test]
#[ignore = "many seconds: every file below /usr"]
fn go_version_and_we_agree_on_everything_below_usr() {
    let Some(go) = go() else {
        println!("skipped: go_version_and_we_agree_on_everything_below_usr: there is no `go` here");
        return;
    };
    let (mut folders, mut compared) = (vec![PathBuf::from("/usr")], 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && elf::inspect_file(&entry.path()).is_ok() {
                let found = inspect_file(&entry.path());
                let expected = as_go_reads(&go, &entry.path());
                assert_eq!(found.build_info(), expected.as_ref(), "{}", entry.path().display());
                compared += usize::from(expected.is_some());
            }
        }
    }
    println!("compared {compared} programs with go version -m");
}

#[test]
fn go_version_and_we_agree() {
    let Some(go) = go() else {
        println!("skipped: go_version_and_we_agree: there is no `go` here");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("go.mod", "module example.com/hello\n\ngo 1.21\n");
    write("main.go", "package main\n\nimport \"net\"\n\nfunc main() { net.LookupHost(\"localhost\") }\n");
    let has_cc = Command::new("cc").arg("--version").output().is_ok();
    let cases = [("0", "-s -w"), ("0", ""), (if has_cc { "1" } else { "0" }, "-s -w")];
    for (cgo, flags) in cases {
        let build = ["build", "-o", "out", "-ldflags", flags, "-tags", "one,two", "-trimpath", "."];
        run(&go, folder.path(), &build, cgo);
        let program = folder.path().join("out");
        let info = inspect_file(&program).build_info().unwrap().clone();

        assert_eq!(info, as_go_reads(&go, &program).unwrap());

        assert_eq!(info.path.as_deref(), Some("example.com/hello"));
        assert_eq!(info.cgo(), if cgo == "1" { Answer::Yes } else { Answer::No });
        assert_eq!((info.is_trimmed(), info.is_dirty()), (Answer::Yes, Answer::Unknown));
        assert_eq!(info.tags(), ["one", "two"]);
        let facts = elf::inspect_file(&program).unwrap();
        assert_eq!(facts.platform, info.platform());
        assert_eq!(facts.linkage.kind == LinkageKind::Dynamic, cgo == "1", "{facts:#?}");

        // Without section headers only the search through the data segment is left.
        let mut bytes = fs::read(&program).unwrap();
        bytes[40..48].fill(0);
        bytes[58..64].fill(0);
        assert_eq!(inspect(&bytes), Program::Go(info));
    }
}
