//! What a proxy process looks after beside its traffic: the folder that it belongs to, and the agent.
//!
//! The proxy is what lives on when a command and the agent are killed together. Until the next command came nobody would
//! restart an instance then, and the dead man's switch would not go off. So the proxy starts an agent again where none
//! has run for a while although there is something to look after. On hosts with systemd a timer does the same; the
//! agent's lock makes sure that there is one.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use plimsoll_model::ServiceName;
use plimsoll_proxy::ShutdownHandle;
use rustix::fs::{FlockOperation, flock};

use crate::layout::Layout;
use crate::process::removal::{GRACE, Watched};
use crate::process::spawn_detached;
use crate::state::StateStore as _;
use crate::state::file::FileState;

/// How often is looked.
const LOOK: Duration = Duration::from_secs(1);
/// So many looks in a row find no agent before one is started: a command that was just typed starts its own.
const PATIENCE: u32 = 3;

/// Looks after the folder of `state` and after its agent, in the background, until `proxy` ends.
pub(super) fn keep(proxy: ShutdownHandle, state: &Path) {
    let folder = state.parent().and_then(Watched::open);
    let mut agent = AgentKeeper::of_proxy(state);
    // Without this thread everything else works.
    let _ = thread::Builder::new().name("keeper".to_owned()).spawn(move || {
        loop {
            thread::sleep(LOOK);
            // Nobody could find this proxy any more, and it would hold its address for ever.
            if folder.as_ref().is_some_and(Watched::is_removed) {
                return proxy.shutdown(GRACE);
            }
            if let Some(agent) = &mut agent {
                agent.look();
            }
        }
    });
}

/// The agent of the proxy's service.
struct AgentKeeper {
    layout: Layout,
    root: PathBuf,
    service: ServiceName,
    plimsoll: PathBuf,
    /// Looks in a row that found none.
    missing: u32,
}

impl AgentKeeper {
    /// The proxy's table is `<root>/<service>/state/proxy.json`.
    fn of_proxy(table: &Path) -> Option<Self> {
        let folder = table.parent()?.parent()?;
        let root = folder.parent().filter(|root| root.is_absolute())?.to_owned();
        let service: ServiceName = folder.file_name()?.to_str()?.parse().ok()?;
        let layout = Layout::new(&root, &service);
        let plimsoll = std::env::current_exe().ok()?;
        (layout.proxy_state() == table).then_some(Self { layout, root, service, plimsoll, missing: 0 })
    }

    fn look(&mut self) {
        self.missing = if self.is_missing() { self.missing + 1 } else { 0 };
        if self.missing >= PATIENCE {
            self.missing = 0;
            self.start();
        }
    }

    /// Whether no agent runs although one should.
    fn is_missing(&self) -> bool {
        let Ok(lock) = File::open(self.layout.state().join("agent.lock")) else { return false };
        let is_free = flock(&lock, FlockOperation::NonBlockingLockShared).is_ok();
        drop(lock);
        is_free && matches!(FileState::new(&self.layout).load(), Ok(Some(state)) if state.has_work())
    }

    fn start(&self) {
        let service = self.service.to_string();
        let args = [
            "agent".as_ref(),
            "--root".as_ref(),
            self.root.as_os_str(),
            "--service".as_ref(),
            service.as_ref(),
        ];
        // Where it cannot be started now, it is tried again.
        if let Ok(mut agent) = spawn_detached(&self.plimsoll, &args) {
            let _ = thread::Builder::new().spawn(move || agent.wait());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::HostState;

    #[test]
    fn an_agent_is_missed_only_where_there_is_work_and_nobody_holds_its_lock() {
        let root = tempfile::tempdir().unwrap();
        let service: ServiceName = "greeter".parse().unwrap();
        let layout = Layout::new(root.path(), &service);
        layout.create().unwrap();
        assert!(AgentKeeper::of_proxy(&root.path().join("proxy.json")).is_none());
        let keeper = AgentKeeper::of_proxy(&layout.proxy_state()).unwrap();
        let mut state = HostState::new(service);
        state.proxy_wanted = true;
        FileState::new(&layout).save(&state).unwrap();
        assert!(!keeper.is_missing(), "there never was one");
        let held = File::create(layout.state().join("agent.lock")).unwrap();
        assert!(keeper.is_missing());
        flock(&held, FlockOperation::NonBlockingLockExclusive).unwrap();
        assert!(!keeper.is_missing(), "it runs");
        drop(held);
        state.proxy_wanted = false;
        FileState::new(&layout).save(&state).unwrap();
        assert!(!keeper.is_missing(), "there is nothing to do");
    }
}
