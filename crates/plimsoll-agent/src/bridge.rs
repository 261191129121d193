//! Lets another machine talk to the agent here: copies a connection's standard streams to the agent's socket and back.
//!
//! A bridge never outlives its purpose. It ends when the agent closes; when the other machine has said its last word
//! and the agent has answered, or has had [`LAST_WORD`] to do so; and when nothing was said for [`SILENCE`], since the
//! end of a lost connection may take hours to arrive.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The line that tells the other machine that frames follow. Whatever a login shell printed stands before it.
pub const READY: &str = "plimsoll:ready";
/// How long the agent may go on answering after the other machine has closed.
pub const LAST_WORD: Duration = Duration::from_secs(60);
/// How long both may be silent. A coordinator at work says something several times a second, and connects again where
/// it was silent for longer.
pub const SILENCE: Duration = Duration::from_secs(15 * 60);

/// Copies until one of the two is done. `from` may still be read by a thread of this process afterwards; it ends with
/// the process.
pub fn run(
    agent: &UnixStream,
    from: impl Read + Send + 'static,
    mut to: impl Write,
    silence: Duration,
) -> io::Result<()> {
    let said = std::sync::Arc::new(AtomicU64::new(0));
    let (began, heard) = (Instant::now(), std::sync::Arc::clone(&said));
    let now = move || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let sending = agent.try_clone()?;
    thread::Builder::new().name("from-coordinator".to_owned()).spawn(move || {
        copy(from, &sending, || heard.store(now(), Ordering::Relaxed));
        // Half closed: the agent answers what it was asked. Fully closed later, so that a stuck agent keeps nothing.
        let _ = sending.shutdown(Shutdown::Write);
        thread::sleep(LAST_WORD);
        let _ = sending.shutdown(Shutdown::Both);
    })?;
    writeln!(to, "{READY}")?;
    to.flush()?;
    let mut receiving = agent;
    receiving.set_read_timeout(Some(silence))?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match receiving.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => to.write_all(&buffer[..count]).and_then(|()| to.flush())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if is_late(&error) => {
                let quiet = Duration::from_millis(now().saturating_sub(said.load(Ordering::Relaxed)));
                if quiet >= silence {
                    return Ok(());
                }
            }
            // The agent was killed; the other machine sees the end.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn copy(mut from: impl Read, mut to: &UnixStream, each: impl Fn()) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                each();
                if to.write_all(&buffer[..count]).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bridge, the agent's end, the coordinator's end, and the thread that runs it.
    fn bridge(silence: Duration) -> (UnixStream, UnixStream, thread::JoinHandle<io::Result<()>>) {
        let (inner, agent) = UnixStream::pair().unwrap();
        let (coordinator, streams) = UnixStream::pair().unwrap();
        let out = streams.try_clone().unwrap();
        let running = thread::spawn(move || {
            let result = run(&inner, streams, &out, silence);
            let _ = out.shutdown(Shutdown::Both);
            result
        });
        let mut coordinator = coordinator;
        let mut line = [0; READY.len() + 1];
        coordinator.read_exact(&mut line).unwrap();
        assert_eq!(line, format!("{READY}\n").as_bytes());
        (agent, coordinator, running)
    }

    #[test]
    fn the_last_answer_comes_after_the_last_word() {
        let (mut agent, mut coordinator, running) = bridge(SILENCE);
        coordinator.write_all(b"question").unwrap();
        coordinator.shutdown(Shutdown::Write).unwrap();
        let mut question = String::new();
        agent.read_to_string(&mut question).unwrap();
        agent.write_all(b"answer").unwrap();
        drop(agent);
        let mut answer = String::new();
        coordinator.read_to_string(&mut answer).unwrap();
        assert_eq!((question.as_str(), answer.as_str()), ("question", "answer"));
        running.join().unwrap().unwrap();
    }

    #[test]
    fn an_agent_that_goes_ends_the_bridge() {
        let (agent, mut coordinator, running) = bridge(SILENCE);
        drop(agent);
        assert_eq!(coordinator.read(&mut [0; 8]).unwrap(), 0);
        running.join().unwrap().unwrap();
    }

    #[test]
    fn a_coordinator_that_goes_ends_the_bridge() {
        let (mut agent, coordinator, running) = bridge(SILENCE);
        drop(coordinator);
        assert_eq!(agent.read(&mut [0; 8]).unwrap(), 0, "the agent sees the end");
        drop(agent);
        running.join().unwrap().unwrap();
    }

    #[test]
    fn silence_ends_the_bridge() {
        let (_agent, _coordinator, running) = bridge(Duration::from_millis(50));
        running.join().unwrap().unwrap();
    }
}
