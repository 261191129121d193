//! One session: a running `ssh`, its input and output as one stream, and the last words of its error output.

use std::io::{self, Read as _};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::command::{Mask, readable};
use crate::wire::Timed;

/// What every line of ours begins with. Login shells print greetings of their own before it.
const OURS: &str = "plimsoll:";
/// The most that may come before and between lines of ours.
const MOST_NOISE: usize = 64 * 1024;
/// How much of the error output is kept: its end.
const KEPT: usize = 4 * 1024;
/// How long the last words of a session that ended are waited for.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// A running session. It is ended when this goes, with everything that ssh started for it.
#[derive(Debug)]
pub(super) struct Session {
    child: Child,
    stream: UnixStream,
    errors: Arc<Mutex<Vec<u8>>>,
    reading: Option<JoinHandle<()>>,
}

/// Why no line of ours came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoLine {
    /// Not in time.
    Late,
    /// The session ended; what it said instead, if anything.
    Ended { noise: String },
}

impl Session {
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        let (stream, theirs) = UnixStream::pair()?;
        let output = OwnedFd::from(theirs.try_clone()?);
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::from(output)).stderr(Stdio::piped());
        // A group of its own: Ctrl-C is for us, who still need the hosts to go back; and at the end the whole group
        // goes, with the ssh of a jump host in it.
        let mut child = command.process_group(0).spawn()?;
        // The command holds the other end open as long as it lives.
        drop(command);
        let errors = Arc::new(Mutex::new(Vec::new()));
        let (from, kept) = (child.stderr.take(), Arc::clone(&errors));
        let keep = move || {
            let Some(mut from) = from else { return };
            let mut piece = [0; 1024];
            while let Ok(count @ 1..) = from.read(&mut piece) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&piece[..count]);
                let surplus = kept.len().saturating_sub(KEPT);
                kept.drain(..surplus);
            }
        };
        let reading = thread::Builder::new().name("ssh-errors".to_owned()).spawn(keep).ok();
        Ok(Self { child, stream, errors, reading })
    }

    /// Input and output.
    pub(super) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// The next line of ours, without its beginning. Read byte by byte, since what follows may be frames.
    pub(super) fn line(&self, until: Instant) -> Result<String, NoLine> {
        let mut timed = Timed { stream: &self.stream, until };
        let (mut noise, mut line, mut byte) = (Vec::new(), Vec::new(), [0]);
        while noise.len() + line.len() < MOST_NOISE {
            match timed.read(&mut byte) {
                Ok(1..) if byte[0] != b'\n' => line.push(byte[0]),
                Ok(1..) => {
                    // A greeting may lack a line break before ours.
                    let text = String::from_utf8_lossy(&line);
                    if let Some(at) = text.find(OURS) {
                        return Ok(text[at + OURS.len()..].trim_end().to_owned());
                    }
                    noise.append(&mut line);
                    noise.push(b'\n');
                }
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(NoLine::Late),
                Ok(0) | Err(_) => break,
            }
        }
        noise.append(&mut line);
        Err(NoLine::Ended { noise: last_lines(&noise) })
    }

    /// Says that no more input comes.
    pub(super) fn close_input(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Whether ssh still runs.
    pub(super) fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The end of the error output, safe to show. Where the session ended, all of it.
    pub(super) fn words(&mut self) -> String {
        let until = Instant::now() + LAST_WORDS;
        let done = |reading: &JoinHandle<()>| reading.is_finished();
        while !self.reading.as_ref().is_none_or(done) && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&errors).into_owned()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
        if let Ok(None) = self.child.try_wait() {
            // Not reaped yet, so that its number is still that of its group.
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::TERM);
            let until = Instant::now() + Duration::from_secs(1);
            while let Ok(None) = self.child.try_wait() {
                if Instant::now() >= until {
                    let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
                    let _ = self.child.wait();
                    return;
                }
                thread::sleep(Duration::from_millis(2));
            }
        }
    }
}

/// The last lines of what a host said, on one line, bounded and without anything that a terminal would obey.
pub(super) fn last_lines(bytes: &[u8]) -> String {
    let kept = bytes[bytes.len().saturating_sub(KEPT)..].split(|byte| *byte == b'\n');
    let lines: Vec<String> = kept.map(|line| readable(line).trim().to_owned()).collect();
    let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let variables: Vec<(String, String)> = std::env::vars().collect();
    let mask = Mask::of(variables.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let shown = lines[lines.len().saturating_sub(3)..].join("; ");
    mask.apply(&shown, false).chars().take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Session {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Session::start(command).unwrap()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn lines_of_ours_are_found_behind_greetings() {
        let session = shell("echo welcome; printf 'no break plimsoll:host a b\\n'; printf plimsoll:x; cat");
        assert_eq!(session.line(soon()), Ok("host a b".to_owned()));
        session.close_input();
        assert_eq!(session.line(soon()), Err(NoLine::Ended { noise: "plimsoll:x".to_owned() }));
    }

    #[test]
    fn last_words_are_bounded_and_whole() {
        let mut session = shell("i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done");
        assert!(matches!(session.line(soon()), Err(NoLine::Ended { .. })));
        let words = session.words();
        assert!(words.len() <= KEPT && words.ends_with("line 2999\n"), "{words}");
        let until = soon();
        while session.lives() {
            assert!(Instant::now() < until, "it does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_session_ends_with_what_it_started() {
        let session = shell("sleep 300 & echo plimsoll:$!; trap '' TERM; wait");
        let pid: i32 = session.line(soon()).unwrap().parse().unwrap();
        drop(session);
        let until = soon();
        let alive =
            |pid| std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|s| !s.contains(") Z "));
        while alive(pid) {
            assert!(Instant::now() < until, "the child lives on");
            thread::sleep(Duration::from_millis(5));
        }
    }
}
