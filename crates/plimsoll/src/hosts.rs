//! The hosts of a project's environments: this machine, or those that ssh reaches.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_agent::facts::Place;
use plimsoll_agent::layout::Layout;
use plimsoll_agent::place::{self, PlaceError};
use plimsoll_agent::process::running_from;
use plimsoll_agent::state::StateStore as _;
use plimsoll_agent::state::file::FileState;
use plimsoll_drivers::Host;
use plimsoll_drivers::local::{LocalHost, LocalOptions};
use plimsoll_drivers::metrics::{DirectPages, Pages};
use plimsoll_drivers::ssh::{Links, Purpose, RemotePages};
use plimsoll_model::service::{Environment, Target};
use plimsoll_model::ssh::SshTarget;
use plimsoll_model::{EnvironmentName, ExitCode, HostName, RolloutId};

use crate::commands::servant::agent_command;
use crate::failure::{Failure, with_causes};
use crate::project::Project;
use crate::secrets;
use crate::this_machine::{ThisMachine, reach};
use crate::who;

/// The connections to the hosts of each environment, made at first use and ended with the command.
#[derive(Default)]
pub(crate) struct Connections(Mutex<BTreeMap<EnvironmentName, Links>>);

impl Connections {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<EnvironmentName, Links>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Project {
    /// Connects to the hosts of environments that ssh reaches, before anything else is done: here ssh may ask what
    /// only a person can answer. A host that cannot be reached is no failure yet. What is on this machine must belong to
    /// this project.
    pub(crate) fn greet<'e>(
        &self,
        environments: impl IntoIterator<Item = &'e Environment>,
    ) -> Result<(), Failure> {
        for environment in environments {
            match &environment.target {
                Target::Ssh(target) => self.with_links(environment, target, |_| ())?,
                Target::Local { root } => belongs_here(&self.layout(root).0)?,
            }
        }
        Ok(())
    }

    /// The hosts of an environment, with agents started where none runs.
    pub(crate) fn hosts(&self, environment: &Environment) -> Result<Vec<Box<dyn Host>>, Failure> {
        match &environment.target {
            Target::Local { root } => {
                let (layout, root) = self.layout(root);
                layout.create().map_err(|e| Failure::new(ExitCode::Internal, with_causes(&e)))?;
                local_host(&layout, self.start_command(&root)?, secrets::variables(&self.service))
            }
            Target::Ssh(target) => self.remote_hosts(environment, target, Purpose::Change),
        }
    }

    /// The hosts of an environment, only where something is looked after. Used by commands that only look. An agent that
    /// was killed is started again: what it looked after runs on, and only it can say what that is.
    ///
    /// Where there are `patterns`, only hosts that fit one of them.
    pub(crate) fn running_hosts(
        &self,
        environment: &Environment,
        patterns: &[String],
    ) -> Result<Vec<Box<dyn Host>>, Failure> {
        let fits =
            |name: &HostName| patterns.is_empty() || patterns.iter().any(|p| matches(p, name.as_str()));
        if !environment.target.host_names().iter().any(fits) {
            return Ok(Vec::new());
        }
        let mut hosts = match &environment.target {
            Target::Local { root } => self.running_local(root)?,
            Target::Ssh(target) => self.remote_hosts(environment, target, Purpose::Look)?,
        };
        hosts.retain(|host| fits(host.name()));
        Ok(hosts)
    }

    /// The hosts of an environment as they are, whether anything was ever deployed there or not. On this machine nothing
    /// is started and nothing is made.
    pub(crate) fn hosts_to_look_at(&self, environment: &Environment) -> Result<Vec<Box<dyn Host>>, Failure> {
        match &environment.target {
            Target::Local { root } => {
                let (_, root) = self.layout(root);
                let place = Place { root, service: self.service.name.clone(), reach: reach() };
                Ok(vec![Box::new(ThisMachine::new(place))])
            }
            Target::Ssh(target) => self.remote_hosts(environment, target, Purpose::Change),
        }
    }

    /// How pages of an environment's instances are read.
    pub(crate) fn pages(&self, environment: &Environment) -> Arc<dyn Pages> {
        let remote = match &environment.target {
            Target::Local { .. } => None,
            Target::Ssh(target) => {
                self.with_links(environment, target, |links| RemotePages::new(links, &self.service.name)).ok()
            }
        };
        remote.map_or_else(|| Arc::new(DirectPages::new()) as Arc<dyn Pages>, |remote| Arc::new(remote))
    }

    /// Where people and the regression test reach an environment's service: what is declared, or the proxy. One that
    /// listens at every address of its host is reached as ssh reaches the host.
    pub(crate) fn url(&self, environment: &Environment) -> String {
        let declared = environment.url.clone();
        declared
            .or_else(|| self.url_of_first_host(environment))
            .unwrap_or(format!("http://{}", environment.listen))
    }

    fn url_of_first_host(&self, environment: &Environment) -> Option<String> {
        let Target::Ssh(target) = &environment.target else { return None };
        if !environment.listen.ip().is_unspecified() {
            return None;
        }
        let name = self.with_links(environment, target, Links::first_name).ok()??;
        let name = if name.contains(':') { format!("[{name}]") } else { name };
        Some(format!("http://{name}:{}", environment.listen.port()))
    }

    fn remote_hosts(
        &self,
        environment: &Environment,
        target: &SshTarget,
        purpose: Purpose,
    ) -> Result<Vec<Box<dyn Host>>, Failure> {
        self.with_links(environment, target, |links| {
            links.hosts(purpose).into_iter().map(|host| Box::new(host) as Box<dyn Host>).collect()
        })
    }

    fn with_links<T>(
        &self,
        environment: &Environment,
        target: &SshTarget,
        use_them: impl FnOnce(&Links) -> T,
    ) -> Result<T, Failure> {
        let mut connections = self.connections.lock();
        if let Some(links) = connections.get(&environment.name) {
            return Ok(use_them(links));
        }
        let internal = |why: String| Failure::new(ExitCode::Internal, why);
        let mut target = target.clone();
        target.ssh_config = target.ssh_config.map(|path| self.folder.join(path));
        let mut links =
            Links::new(&target, &self.service.name, own_program()?, Some(who::author())).map_err(internal)?;
        links.connect(std::io::stdin().is_terminal() && std::io::stderr().is_terminal());
        Ok(use_them(connections.entry(environment.name.clone()).or_insert(links)))
    }

    fn running_local(&self, root: &Path) -> Result<Vec<Box<dyn Host>>, Failure> {
        let (layout, root) = self.layout(root);
        if !layout.state().exists() {
            return Ok(Vec::new());
        }
        belongs_here(&layout)?;
        let start = if has_work(&layout) { self.start_command(&root)? } else { Vec::new() };
        local_host(&layout, start, secrets::variables(&self.service))
    }

    /// Whether hosts of an environment that do not answer are missed: on this machine only where an agent has something to
    /// do, since without it none runs.
    pub(crate) fn expects_answers(&self, environment: &Environment) -> bool {
        match &environment.target {
            Target::Local { root } => has_work(&self.layout(root).0),
            Target::Ssh(_) => true,
        }
    }

    /// The rollout that this machine's host of an environment committed last, as its state says without an agent.
    pub(crate) fn committed_here(&self, environment: &Environment) -> Option<RolloutId> {
        let Target::Local { root } = &environment.target else { return None };
        let (layout, _) = self.layout(root);
        place::check(&layout).ok()?;
        FileState::new(&layout).load().ok()??.committed
    }

    /// Processes of this machine that run a release of an environment, for after it was stopped: where what stood over an
    /// instance was killed, what that had left behind is nobody's.
    pub(crate) fn left_running(&self, environment: &Environment) -> Vec<(u32, PathBuf)> {
        let Target::Local { root } = &environment.target else { return Vec::new() };
        running_from(&self.layout(root).0.releases())
    }

    /// What starts an agent for the hosts below `root`.
    fn start_command(&self, root: &Path) -> Result<Vec<String>, Failure> {
        Ok(agent_command(&own_program()?, root, &self.service.name))
    }

    fn layout(&self, root: &Path) -> (Layout, PathBuf) {
        let root = self.folder.join(root);
        (Layout::new(&root, &self.service.name), root)
    }
}

/// Whether the state of this machine's agent says that it has something to do. One that cannot be read is the agent's to
/// complain about.
fn has_work(layout: &Layout) -> bool {
    FileState::new(layout).load().map_or(true, |saved| saved.is_some_and(|state| state.has_work()))
}

/// Whether a host of the environment fits one of the patterns.
pub(crate) fn has_host(environment: &Environment, patterns: &[String]) -> bool {
    check_patterns([environment], patterns).is_ok()
}

/// Refuses patterns that fit no host of these environments.
pub(crate) fn check_patterns<'e>(
    environments: impl IntoIterator<Item = &'e Environment>,
    patterns: &[String],
) -> Result<(), Failure> {
    let names: Vec<HostName> =
        environments.into_iter().flat_map(|environment| environment.target.host_names()).collect();
    let stray = patterns.iter().find(|p| !names.iter().any(|name| matches(p, name.as_str())));
    let Some(stray) = stray else { return Ok(()) };
    let shown: Vec<&str> = names.iter().take(10).map(HostName::as_str).collect();
    let more = if names.len() > shown.len() { ", ..." } else { "" };
    Err(Failure::usage(format!("no host fits `{stray}`"))
        .help(format!("hosts are {}{more}", shown.join(", "))))
}

/// Refuses the state of a project that was copied while its instances ran: they are the other folder's.
fn belongs_here(layout: &Layout) -> Result<(), Failure> {
    place::check(layout).map_err(|error| {
        let failure = Failure::usage(with_causes(&error));
        match error {
            PlaceError::Copied { state, .. } => {
                failure.help(format!("rm -r {}    has the copy begin with nothing running", state.display()))
            }
            PlaceError::Io { .. } => failure,
        }
    })
}

/// The host of this machine, whose agent `start` starts where none runs.
fn local_host(
    layout: &Layout,
    start: Vec<String>,
    withheld: Vec<String>,
) -> Result<Vec<Box<dyn Host>>, Failure> {
    let sockets = layout.sockets().map_err(|e| Failure::new(ExitCode::Internal, with_causes(&e)))?;
    let log = layout.state().join("agent.log");
    let options = LocalOptions { socket: sockets.agent, start, log, author: Some(who::author()), withheld };
    Ok(vec![Box::new(LocalHost::new(options))])
}

fn own_program() -> Result<PathBuf, Failure> {
    std::env::current_exe()
        .map_err(|e| Failure::new(ExitCode::Internal, format!("this program's own file is not known: {e}")))
}

/// Whether a name fits a pattern, in which `*` is any text and `?` any character.
fn matches(pattern: &str, name: &str) -> bool {
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for p in pattern.bytes() {
        let mut next = vec![false; name.len() + 1];
        if p == b'*' {
            let mut any = false;
            for (at, here) in reached.iter().enumerate() {
                any |= here;
                next[at] = any;
            }
        } else {
            for (at, byte) in name.bytes().enumerate() {
                next[at + 1] = reached[at] && (p == b'?' || p == byte);
            }
        }
        reached = next;
    }
    reached[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_names() {
        for (pattern, name) in
            [("web*", "web1"), ("*", "a"), ("web?", "web1"), ("*@web1", "deploy@web1"), ("web1", "web1")]
        {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("web", "web1"), ("web?", "web10"), ("b*", "web1"), ("", "web1")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
