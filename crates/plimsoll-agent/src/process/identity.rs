//! The proof that the process behind a port runs the released program.
//!
//! Every socket that would take a connection to the port must be held by the instance's process or a descendant of
//! it; that process's program is read through `/proc/PID/exe`, which names the file that was executed even where
//! another one has taken its path since.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plimsoll_model::observation::Proof;
use plimsoll_model::{Digest, Timestamp};

use super::{procfs, sockets};
use crate::runtime::Identity;

/// What earlier checks found out and need not be read again each time.
#[derive(Debug, Clone, Default)]
pub(super) struct Programs {
    /// Digests of programs that run: one is read once in its life.
    digests: Arc<Mutex<BTreeMap<ProgramKey, Digest>>>,
    /// Sockets that were found to be all that listen on a port, by the instance's process, its start and the port.
    listeners: Arc<Mutex<BTreeMap<ListenerKey, Listening>>>,
}

/// An instance's process, its start, and its port.
type ListenerKey = (u32, u64, u16);

/// A port's sockets and their holder, as of a full look.
#[derive(Debug, Clone)]
struct Listening {
    sockets: BTreeSet<u64>,
    holder: u32,
    at: Timestamp,
}

/// The kernel's list of sockets is read again after this long: reading it costs as much as there are connections. In
/// between it is enough that the holder still holds the sockets; as long as it does nobody else gets the port, but one
/// that shares it on purpose (`SO_REUSEPORT`), and that one is seen at the next full look.
const FULL_LOOK_EVERY: Duration = Duration::from_secs(2);

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
        if let Some(digest) = self.digests.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(*digest);
        }
        let digest = Digest::of_reader(&mut file).map_err(|error| error.to_string())?;
        let mut known = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_PROGRAMS {
            known.clear();
        }
        known.insert(key, digest);
        Ok(digest)
    }

    /// The holder of a port's sockets, where a full look was lately and it holds them still.
    fn still_holds(&self, key: ListenerKey, now: Timestamp) -> Option<u32> {
        let known = self.listeners.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()?;
        let lately = known.at <= now && now.since(known.at) < FULL_LOOK_EVERY;
        let alive = procfs::is_alive(key.0, key.1);
        let holds = || sockets::held_by(known.holder).is_some_and(|held| held.is_superset(&known.sockets));
        (lately && alive && holds()).then_some(known.holder)
    }

    fn remember(&self, key: ListenerKey, found: Listening) {
        let mut known = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_PROGRAMS {
            known.clear();
        }
        known.insert(key, found);
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
    let key = (pid, start_ticks, port);
    if let Some(holder) = programs.still_holds(key, now) {
        return prove_program(holder, expected, programs, now);
    }
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
        Some(holder) if strange.is_empty() => {
            programs.remember(key, Listening { sockets: listeners, holder, at: now });
            prove_program(holder, expected, programs, now)
        }
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
