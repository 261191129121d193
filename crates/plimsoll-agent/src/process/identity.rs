//! The proof that the process behind a port runs the released program.
//!
//! Every socket that would take a connection to the port must be held by the instance's process or a descendant of
//! it; that process's program is read through `/proc/PID/exe`, which names the file that was executed even where
//! another one has taken its path since.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_model::observation::Proof;
use plimsoll_model::{Digest, Timestamp};

use super::{procfs, sockets};
use crate::runtime::Identity;

/// Digests of programs that run, so that one is read once in its life.
#[derive(Debug, Clone, Default)]
pub(super) struct Programs(Arc<Mutex<BTreeMap<ProgramKey, Digest>>>);

/// A running program: process, start, device, inode, size, change time.
type ProgramKey = (u32, u64, u64, u64, u64, i64);

/// Programs remembered at most.
const MOST_PROGRAMS: usize = 256;

impl Programs {
    /// The digest of the program that exactly this process runs.
    fn digest(&self, pid: u32, start_ticks: u64) -> Result<Digest, String> {
        let mut file = File::open(format!("/proc/{pid}/exe"))
            .map_err(|error| format!("the program of process {pid} cannot be read: {error}"))?;
        let found = file.metadata().map_err(|error| error.to_string())?;
        let key = (pid, start_ticks, found.dev(), found.ino(), found.size(), found.ctime());
        if let Some(digest) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(*digest);
        }
        let digest = Digest::of_reader(&mut file).map_err(|error| error.to_string())?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_PROGRAMS {
            known.clear();
        }
        known.insert(key, digest);
        Ok(digest)
    }
}

/// Finds out who listens on `port`, seen from the instance's process.
pub(super) fn prove(
    pid: u32,
    start_ticks: u64,
    port: u16,
    expected: &Digest,
    programs: &Programs,
    now: Timestamp,
) -> Identity {
    let listeners = match sockets::listeners(port) {
        Ok(found) if found.is_empty() => {
            return Identity::NotListening { elsewhere: sockets::ports_of(pid).into_iter().collect() };
        }
        Ok(found) => found,
        Err(error) => return Identity::Unknown { why: error.to_string() },
    };
    let mut strange = listeners.clone();
    let mut holder = None;
    for member in procfs::tree(pid) {
        let Some(held) = sockets::held_by(member) else { continue };
        if !held.is_disjoint(&listeners) {
            strange.retain(|inode| !held.contains(inode));
            // The instance's own process, where it is one of several.
            holder = holder.filter(|known| *known == pid).or(Some(member));
        }
    }
    if !procfs::is_alive(pid, start_ticks) {
        return Identity::Unknown { why: format!("process {pid} ended during the check") };
    }
    match holder {
        Some(holder) if strange.is_empty() => prove_program(holder, expected, programs, now),
        _ => Identity::WrongProcess(sockets::holder(&strange)),
    }
}

fn prove_program(pid: u32, expected: &Digest, programs: &Programs, now: Timestamp) -> Identity {
    let Some(stat) = procfs::stat(pid) else {
        return Identity::Unknown { why: format!("process {pid} ended during the check") };
    };
    match programs.digest(pid, stat.start_ticks) {
        Err(why) => Identity::Unknown { why },
        Ok(_) if !procfs::is_alive(pid, stat.start_ticks) => {
            Identity::Unknown { why: format!("process {pid} ended during the check") }
        }
        Ok(digest) if digest == *expected => {
            Identity::Proved(Proof { pid, start_ticks: stat.start_ticks, executable: digest, at: now })
        }
        Ok(digest) => Identity::WrongExecutable { digest },
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_process_is_proved_by_its_own_program_only() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let me = std::process::id();
        let ticks = procfs::stat(me).unwrap().start_ticks;
        let mine = Digest::of_reader(&mut File::open("/proc/self/exe").unwrap()).unwrap();
        let programs = Programs::default();
        let now = Timestamp::default();
        let proved = prove(me, ticks, port, &mine, &programs, now);
        assert_eq!(
            proved,
            Identity::Proved(Proof { pid: me, start_ticks: ticks, executable: mine, at: now })
        );
        let other = prove(me, ticks, port, &Digest::of(b"other"), &programs, now);
        assert_eq!(other, Identity::WrongExecutable { digest: mine });
        drop(listener);
        let closed = prove(me, ticks, port, &mine, &programs, now);
        assert!(matches!(closed, Identity::NotListening { elsewhere } if !elsewhere.contains(&port)));
    }

    #[test]
    fn a_listener_of_another_process_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut child = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        let ticks = procfs::stat(child.id()).unwrap().start_ticks;
        let found =
            prove(child.id(), ticks, port, &Digest::of(b""), &Programs::default(), Timestamp::default());
        child.kill().unwrap();
        child.wait().unwrap();
        let Identity::WrongProcess(holder) = found else { panic!("{found:?}") };
        assert_eq!(holder.pid, Some(std::process::id()));
    }
}
