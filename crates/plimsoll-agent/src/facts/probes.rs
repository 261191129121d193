//! What is tried from the host because a person declared it: connections, addresses, files, versions of programs.

use std::io::Read as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_model::facts::{Fact, Probe, ProbeOutcome, ProbeResult};

use super::Reach;
use super::view::plain;

/// The longest time that one probe takes.
const PATIENCE: Duration = Duration::from_secs(5);
/// Probes at the same time.
const AT_ONCE: usize = 64;
/// The most probes of one request: with those at once and the patience above they end before the caller gives up.
const MOST: usize = 256;
/// What a program may print before it is cut.
const LONGEST_OUTPUT: u64 = 16 * 1024;
/// Where programs of administrators are, beside the search path.
const MORE_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// Tries all, many at once.
pub(super) fn run(probes: &[Probe], reach: Reach) -> Vec<ProbeResult> {
    let mut results = Vec::with_capacity(probes.len());
    for some in probes[..probes.len().min(MOST)].chunks(AT_ONCE) {
        thread::scope(|scope| {
            let threads: Vec<_> =
                some.iter().map(|probe| scope.spawn(move || attempt(probe, reach))).collect();
            let outcomes = threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| Fact::unknown("the probe broke off")));
            results.extend(
                some.iter()
                    .zip(outcomes)
                    .map(|(probe, outcome)| ProbeResult { probe: probe.clone(), outcome }),
            );
        });
    }
    let left_out = probes.iter().skip(MOST).map(|probe| ProbeResult {
        probe: probe.clone(),
        outcome: Fact::unknown(format!("more than {MOST} probes are not tried")),
    });
    results.extend(left_out);
    results
}

fn attempt(probe: &Probe, reach: Reach) -> Fact<ProbeOutcome> {
    match probe {
        Probe::Tcp { address } => connect(address, reach),
        Probe::Http { url } => Fact::Known(match (reach.status)(url, PATIENCE) {
            Ok(status) => ProbeOutcome::Status(status),
            Err(why) => ProbeOutcome::Missing(why),
        }),
        Probe::File { path } => file(path),
        Probe::Program { name } => program(name),
    }
}

fn connect(address: &str, reach: Reach) -> Fact<ProbeOutcome> {
    let deadline = Instant::now() + PATIENCE;
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    let Some((host, port)) = parts else {
        return Fact::unknown(format!("`{}` is no host and port", address.escape_debug()));
    };
    let addresses = match (reach.lookup)(host, PATIENCE) {
        Ok(addresses) => addresses,
        Err(why) => return Fact::Known(ProbeOutcome::Missing(why)),
    };
    let mut why = "the name has no address".to_owned();
    for ip in addresses {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            why = format!("no answer within {} s", PATIENCE.as_secs());
            break;
        }
        match TcpStream::connect_timeout(&(ip, port).into(), left) {
            Ok(_) => return Fact::Known(ProbeOutcome::There(format!("{ip}"))),
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                why = format!("no answer within {} s", PATIENCE.as_secs());
            }
            Err(error) => why = plain(&error),
        }
    }
    Fact::Known(ProbeOutcome::Missing(why))
}

fn file(path: &str) -> Fact<ProbeOutcome> {
    match std::fs::metadata(path) {
        Ok(_) => Fact::Known(ProbeOutcome::There(path.to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Fact::Known(ProbeOutcome::Missing("it is not there".to_owned()))
        }
        Err(error) => Fact::unknown(plain(&error)),
    }
}

/// Runs `NAME --version` and nothing else: a name with a folder in it is refused.
fn program(name: &str) -> Fact<ProbeOutcome> {
    if name.is_empty() || name.starts_with('-') || name.contains(['/', '\0']) {
        return Fact::unknown(format!("`{}` is no name of a program", name.escape_debug()));
    }
    let Some(path) = find(name) else {
        return Fact::Known(ProbeOutcome::Missing("it is not in the search path".to_owned()));
    };
    match version_line(&path) {
        Ok(line) => Fact::Known(ProbeOutcome::Version(line)),
        Err(why) => Fact::unknown(why),
    }
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(MORE_FOLDERS.map(PathBuf::from));
    let is_program =
        |path: &PathBuf| path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    folders.filter(|folder| folder.is_absolute()).map(|folder| folder.join(name)).find(is_program)
}

/// The first line with a digit that the program prints on either stream.
fn version_line(path: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{} cannot be run: {}", path.display(), plain(&error));
    let (reader, writer) = std::io::pipe().map_err(failed)?;
    let mut command = Command::new(path);
    command.arg("--version").current_dir("/").stdin(Stdio::null());
    command.stdout(writer.try_clone().map_err(failed)?).stderr(writer);
    let mut child = command.spawn().map_err(failed)?;
    // The command holds the writing end, and the reader waits for its end.
    drop(command);
    let reading = thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = reader.take(LONGEST_OUTPUT).read_to_end(&mut bytes);
        bytes
    });
    let ended = wait(&mut child);
    if !ended {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("{} --version did not end within {} s", path.display(), PATIENCE.as_secs()));
    }
    // A program that left children behind may keep the pipe open; what it printed itself is there by now.
    let deadline = Instant::now() + Duration::from_millis(500);
    while !reading.is_finished() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    if !reading.is_finished() {
        return Err(format!("{} --version left a program behind that holds its output", path.display()));
    }
    let bytes = reading.join().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().find(|line| line.bytes().any(|b| b.is_ascii_digit()));
    let line = line.ok_or_else(|| format!("{} --version prints no version", path.display()))?;
    Ok(line.trim().chars().filter(|c| !c.is_control()).take(200).collect())
}

fn wait(child: &mut Child) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(None) => thread::sleep(Duration::from_millis(5)),
            Ok(Some(_)) => return true,
            Err(_) => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn one(probe: Probe) -> Fact<ProbeOutcome> {
        run(&[probe], Reach::addresses_only()).remove(0).outcome
    }

    #[test]
    fn connections_are_made_or_missing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let tcp = |address: &str| one(Probe::Tcp { address: address.to_owned() });
        assert_eq!(tcp(&address), Fact::Known(ProbeOutcome::There("127.0.0.1".to_owned())));
        drop(listener);
        assert!(matches!(tcp(&address), Fact::Known(ProbeOutcome::Missing(_))));
        assert!(matches!(tcp("nonsense"), Fact::Unknown(_)));
    }

    #[test]
    fn files_and_programs() {
        let file = |path: &str| one(Probe::File { path: path.to_owned() });
        assert!(matches!(file("/etc/passwd"), Fact::Known(ProbeOutcome::There(_))));
        assert!(matches!(file("/no/such"), Fact::Known(ProbeOutcome::Missing(_))));
        let program = |name: &str| one(Probe::Program { name: name.to_owned() });
        assert!(matches!(program("bash"), Fact::Known(ProbeOutcome::Version(line)) if line.contains("bash")));
        assert!(matches!(program("no-such-program"), Fact::Known(ProbeOutcome::Missing(_))));
        for bad in ["", "../bin/sh", "-c", "/bin/sh"] {
            assert!(matches!(program(bad), Fact::Unknown(_)), "{bad}");
        }
    }

    #[test]
    fn many_probes_are_bounded() {
        let probes = vec![Probe::File { path: "/".to_owned() }; MOST + 2];
        let results = run(&probes, Reach::addresses_only());
        assert_eq!(results.len(), MOST + 2);
        assert!(matches!(results[MOST].outcome, Fact::Unknown(_)));
    }
}
