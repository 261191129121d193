//! All connections of one environment.

use std::path::PathBuf;
use std::sync::Arc;

use plimsoll_model::ServiceName;
use plimsoll_model::ssh::{SshHost, SshTarget};

use super::command::Options;
use super::folder::Folder;
use super::gate::Gate;
use super::link::{Common, Link};
use super::program::Program;
use super::remote::RemoteHost;

/// What hosts are reached for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To change something: what is missing there is put there.
    Change,
    /// Only to look: where the service has never been, nothing is left behind.
    Look,
}

/// The connections to an environment's hosts. None is made before it is needed; all end with this value.
#[derive(Debug)]
pub struct Links {
    all: Vec<Arc<Link>>,
    asked: bool,
    /// Holds the sockets; goes last.
    _folder: Folder,
}

impl Links {
    /// The connections of an environment, for one service. `program` is our own executable, `author` who calls, for the
    /// hosts' trails.
    pub fn new(
        target: &SshTarget,
        service: &ServiceName,
        program: PathBuf,
        author: Option<String>,
    ) -> Result<Self, String> {
        let folder =
            Folder::make().map_err(|e| format!("no private folder for ssh could be made in /tmp: {e}"))?;
        let common = Arc::new(Common {
            target: target.clone(),
            service: service.clone(),
            author,
            options: Options::of(target),
            program: Program::new(program),
            gate: Gate::new(target.parallel as usize),
        });
        let link = |(number, host): (usize, &SshHost)| {
            Arc::new(Link::new(host.clone(), Arc::clone(&common), folder.socket(number)))
        };
        let all = target.hosts.iter().enumerate().map(link).collect();
        Ok(Self { all, asked: false, _folder: folder })
    }

    /// Connects to all hosts at the same time. Where ssh would have asked something and `may_ask`, it does so now, on
    /// the terminal, one host after the other. A host that cannot be reached is found out again by whoever calls it.
    pub fn connect(&mut self, may_ask: bool) {
        let tried: Vec<bool> = std::thread::scope(|scope| {
            let tries: Vec<_> = self.all.iter().map(|link| scope.spawn(|| link.up())).collect();
            let asks = |up: Result<_, super::explain::Trouble>| up.is_err_and(|trouble| trouble.asks);
            tries.into_iter().map(|t| t.join().is_ok_and(asks)).collect()
        });
        for (link, _) in self.all.iter().zip(tried).filter(|(_, asks)| may_ask && *asks) {
            self.asked = true;
            if link.ask().is_ok() {
                let _ = link.up();
            }
        }
    }

    /// The hosts, in the order of the configuration.
    pub fn hosts(&self, purpose: Purpose) -> Vec<RemoteHost> {
        self.all.iter().map(|link| RemoteHost::new(Arc::clone(link), purpose)).collect()
    }

    /// The name or address at which ssh reaches the first host, for clients of its own.
    pub fn first_name(&self) -> Option<String> {
        self.all.first()?.resolved_name()
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        for link in &self.all {
            link.close();
            if self.asked {
                link.end_asked();
            }
        }
    }
}
