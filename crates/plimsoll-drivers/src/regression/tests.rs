//! The runner, with real commands.

use std::fs;
use std::process::Command;

use plimsoll_model::{Digest, Span};

use super::*;
use crate::command::SystemCommands;

struct Test {
    folder: tempfile::TempDir,
    spec: TestSpec,
}

impl Test {
    fn new(command: &[&str]) -> Self {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        let environment = "staging".parse().unwrap();
        let spec = TestSpec { command, environment, timeout: Span::from_secs(120) };
        Self { folder: tempfile::tempdir().unwrap(), spec }
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.folder.path().join(file), text).unwrap();
    }

    fn run(&self) -> Result<TestRun, TestError> {
        let release = ReleaseId::of_manifest(&Digest::of(b"x"));
        let order = TestOrder {
            spec: &self.spec,
            folder: self.folder.path(),
            url: "http://127.0.0.1:8080",
            environment: &self.spec.environment,
            release: &release,
        };
        run(&SystemCommands::default(), &order, &mut |_, _| {})
    }
}

#[test]
fn the_test_learns_what_to_test() {
    let test =
        Test::new(&["sh", "-c", "echo $PLIMSOLL_URL $PLIMSOLL_ENVIRONMENT; test -n \"$PLIMSOLL_RELEASE\""]);
    let run = test.run().unwrap();
    assert!(run.passed());
    assert_eq!(run.last_lines, ["http://127.0.0.1:8080 staging"]);
    assert_eq!((run.counts, run.remark()), (Counts::default(), None));
}

#[test]
fn only_the_exit_code_decides() {
    let run = Test::new(&["sh", "-c", "echo '3 passed in 0.01s'; exit 1"]).run().unwrap();
    assert!(!run.passed());
    assert_eq!(run.counts.passed, Some(3));
    let nothing = Test::new(&["echo", "=== no tests ran in 0.01s ==="]).run().unwrap();
    assert_eq!(nothing.remark(), Some("the command passed, but no test ran"));
    let mut slow = Test::new(&["sleep", "60"]);
    slow.spec.timeout = Span::from_millis(50);
    assert_eq!(slow.run().unwrap().ending.to_string(), "took longer than 50ms and was ended");
}

#[test]
fn what_cannot_run_is_not_a_failed_test() {
    assert_eq!(Test::new(&[]).run().unwrap_err(), TestError::Empty);
    let error = Test::new(&["./e2e.sh"]).run().unwrap_err();
    assert!(error.to_string().ends_with("/./e2e.sh does not exist"), "{error}");
}

#[test]
fn a_real_go_test_is_counted() {
    if Command::new("go").arg("version").output().is_err() {
        eprintln!("skipped: a_real_go_test: go is not here");
        return;
    }
    for format in ["-v", "-json"] {
        let test = Test::new(&["go", "test", format, "-count=1", "./..."]);
        test.write("go.mod", "module example.org/e2e\n\ngo 1.20\n");
        let code = "package e2e\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {}\nfunc TestB(t *testing.T) { \
                    t.Fatal(\"no\") }\nfunc TestC(t *testing.T) { t.Skip() }\n";
        test.write("e2e_test.go", code);
        let run = test.run().unwrap();
        assert_eq!(run.ending, Ending::Exited(1), "{:?}", run.last_lines);
        let expected = Counts { passed: Some(1), failed: Some(1), skipped: Some(1) };
        assert_eq!(run.counts, expected, "{format}");
    }
}

#[test]
fn a_real_cargo_test_is_counted() {
    if Command::new("cargo").arg("--version").output().is_err() {
        eprintln!("skipped: a_real_cargo_test: cargo is not here");
        return;
    }
    let test = Test::new(&["cargo", "test", "--offline", "--target-dir", "target"]);
    let manifest =
        "[package]\nname = \"e2e\"\nversion = \"1.0.0\"\n\n[workspace]\n\n[lib]\npath = \"lib.rs\"\n";
    test.write("Cargo.toml", manifest);
    test.write("lib.rs", "#[test] fn a() {}\n#[test] #[ignore] fn b() {}\n#[test] fn c() { panic!() }\n");
    let run = test.run().unwrap();
    assert_eq!(run.ending, Ending::Exited(101), "{:?}", run.last_lines);
    assert_eq!(run.counts, Counts { passed: Some(1), failed: Some(1), skipped: Some(1) });
}

#[test]
fn a_real_pytest_is_counted() {
    if !Command::new("pytest").arg("--version").output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: a_real_pytest: pytest is not here");
        return;
    }
    for flags in [&["pytest"][..], &["pytest", "-q", "--color=yes"]] {
        let test = Test::new(flags);
        test.write(
            "test_it.py",
            "import pytest\ndef test_a(): pass\ndef test_b(): assert False\ndef test_c(): pytest.skip()\n",
        );
        let run = test.run().unwrap();
        assert_eq!(run.ending, Ending::Exited(1), "{:?}", run.last_lines);
        assert_eq!(run.counts, Counts { passed: Some(1), failed: Some(1), skipped: Some(1) }, "{flags:?}");
    }
}
