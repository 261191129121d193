//! Real processes, as long as `sh` is there.

use std::time::{Duration, Instant};

use super::*;
use crate::command::lines::MAX_LINE;

fn sh(script: &str) -> CommandOrder {
    CommandOrder::new("sh", "/").args(["-c", script])
}

fn run(order: &CommandOrder) -> (Outcome, Vec<(Stream, String)>) {
    let mut lines = Vec::new();
    let outcome = SystemCommands::default().run(order, &mut |output| {
        if let Output::Line { stream, text } = output {
            lines.push((stream, text.to_owned()));
        }
    });
    (outcome, lines)
}

/// Whether a process is there and not only waiting to be reaped.
fn alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn streams_are_told_apart_and_the_exit_code_is_kept() {
    let (outcome, lines) = run(&sh("echo one; echo two >&2; printf three; exit 3"));
    assert_eq!(outcome.ending, Ending::Exited(3));
    let of = |stream| lines.iter().filter(move |l| l.0 == stream).map(|l| l.1.as_str()).collect::<Vec<_>>();
    assert_eq!(of(Stream::Out), ["one", "three"]);
    assert_eq!(of(Stream::Err), ["two"]);
    assert_eq!(outcome.last_lines.len(), 3);
    assert_eq!(run(&sh("kill -11 $$")).0.ending, Ending::Signalled(11));
}

#[test]
fn the_environment_is_what_was_ordered() {
    let mut order = sh("echo $GREETING $PWD; env | grep -c ^CARGO; cat");
    order = order.variable("GREETING", "hello");
    order.clean = true;
    let (_, lines) = run(&order);
    assert_eq!([lines[0].1.as_str(), lines[1].1.as_str()], ["hello /", "0"], "and the input is empty");
    let mut order = sh("echo ${HOME-none}");
    order.removed.insert("HOME".to_owned());
    assert_eq!(run(&order).1[0].1, "none");
}

#[test]
fn secrets_are_masked_in_the_output() {
    let (outcome, lines) = run(&sh("echo key is $API_KEY").variable("API_KEY", "0123456789"));
    assert_eq!(lines[0].1, "key is ***");
    assert_eq!(outcome.last_lines, ["key is ***"]);
}

#[test]
fn a_timeout_ends_the_child_of_the_child() {
    // The grandchild ignores SIGTERM, and its parent waits for it.
    let order = sh("sh -c 'trap \"\" TERM; echo $$; while :; do sleep 0.05; done' & wait; wait");
    let (outcome, lines) = run(&order.timeout(Duration::from_millis(300)));
    assert_eq!(outcome.ending, Ending::TimedOut(Duration::from_millis(300)));
    assert!(outcome.took >= STOP_TIME && outcome.took < Duration::from_secs(8), "{:?}", outcome.took);
    until("the grandchild is gone", || !alive(&lines[0].1));
}

#[test]
fn a_command_that_obeys_sigterm_is_not_waited_for() {
    let (outcome, _) = run(&sh("sleep 60 & wait").timeout(Duration::from_millis(50)));
    assert_eq!(outcome.ending, Ending::TimedOut(Duration::from_millis(50)));
    assert!(outcome.took < STOP_TIME, "{:?}", outcome.took);
}

#[test]
fn a_cancel_ends_it() {
    let cancel = Arc::new(AtomicBool::new(false));
    let commands = SystemCommands::new(Arc::clone(&cancel));
    let outcome = commands.run(&sh("echo ready; sleep 60"), &mut |_| cancel.store(true, Ordering::Relaxed));
    assert_eq!(outcome.ending, Ending::Cancelled);
    assert!(outcome.took < Duration::from_secs(10));
    assert_eq!(commands.run(&sh("true"), &mut |_| {}).ending, Ending::Cancelled, "and none is started");
}

#[test]
fn what_is_left_in_the_background_ends_with_the_command() {
    // One holds the output open, the other does not.
    let (outcome, lines) = run(&sh("sleep 60 & echo $!; sleep 60 >/dev/null 2>&1 & echo $!; exit 0"));
    assert_eq!(outcome.ending, Ending::Exited(0));
    assert!(outcome.took < Duration::from_secs(10), "{:?}", outcome.took);
    for (_, pid) in lines {
        until("it is gone", || !alive(&pid));
    }
}

#[test]
fn a_panicking_reader_leaves_no_process() {
    let pid = std::sync::Mutex::new(String::new());
    let ran = std::panic::catch_unwind(|| {
        SystemCommands::default().run(&sh("echo $$; sleep 60"), &mut |output| {
            if let Output::Line { text, .. } = output {
                text.clone_into(&mut pid.lock().unwrap());
                std::panic::resume_unwind(Box::new("the reader panics"));
            }
        })
    });
    assert!(ran.is_err());
    let pid = pid.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    until("it is gone", || !alive(&pid));
}

#[test]
fn a_flood_of_output_does_not_eat_memory() {
    let peak = || -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let before = peak();
    let mut bytes = 0;
    // A hundred megabytes in lines, and ten without any line break at all.
    let script = "head -c 100000000 /dev/zero | tr '\\0' 'x' | fold -w 999; echo; head -c 10000000 /dev/zero | tr '\\0' y";
    let outcome = SystemCommands::default().run(&sh(script), &mut |output| {
        if let Output::Line { text, .. } = output {
            bytes += text.len();
        }
    });
    assert!(outcome.success(), "{:?}", outcome.ending);
    assert_eq!(bytes, 100_000_000 + MAX_LINE + " ... (line cut)".len());
    assert_eq!(outcome.last_lines.len(), 20);
    let more = peak() - before;
    eprintln!("110 MB of output in {:?}, {more} KiB more at the peak", outcome.took);
    assert!(more < 32_000, "{more} KiB more");
}

#[test]
fn output_after_its_end_is_not_waited_for() {
    if Command::new("setsid").arg("true").status().is_err() {
        eprintln!("skipped: setsid is not here");
        return;
    }
    // A daemon left the group and holds the output open.
    let (outcome, lines) = run(&sh("setsid sleep 8 & echo $!"));
    assert_eq!(outcome.ending, Ending::Exited(0));
    assert!(outcome.took < Duration::from_secs(6), "{:?}", outcome.took);
    assert_eq!(lines.len(), 1);
}

#[test]
fn what_cannot_start_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    write("plain", "text", 0o644);
    write("binary", "\x7fELF nonsense", 0o755);
    write("script", "#!/no/such/interpreter\n", 0o755);
    let why = |order: &CommandOrder| match run(order).0.ending {
        Ending::NotStarted(why) => why.to_string().replace(folder.path().to_str().unwrap(), "DIR"),
        other => panic!("it {other}"),
    };
    let cases = [
        ("no-such-program", "`no-such-program` is not in PATH"),
        ("", "`` is not in PATH"),
        ("./nothing", "DIR/./nothing does not exist"),
        ("./plain", "DIR/./plain may not be run: it is not executable for this user"),
        ("./binary", "DIR/./binary cannot be run: it has no `#!` line, or is for another processor"),
        ("./script", "DIR/./script cannot be run: the interpreter or loader that it names is not there"),
    ];
    for (program, text) in cases {
        assert_eq!(why(&CommandOrder::new(program, folder.path())), text);
    }
    let order = CommandOrder::new("plain", folder.path()).variable("PATH", folder.path().to_str().unwrap());
    assert_eq!(why(&order), "DIR/plain may not be run: it is not executable for this user");
    assert_eq!(why(&CommandOrder::new("sh", "/no/such")), "the folder /no/such does not exist");
}
