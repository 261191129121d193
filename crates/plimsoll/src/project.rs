//! The project that a command is about: its configuration, and where its state is.
//!
//! ```text
//! plimsoll.toml
//! .plimsoll/
//!   journal.db       what happened
//!   keys/            the key that signs releases
//!   releases/<id>/   sealed releases
//!   build/           what builders make
//!   local/<env>/     hosts on this machine
//! ```

use std::path::{Path, PathBuf};

use plimsoll_agent::facts::Place;
use plimsoll_agent::layout::Layout;
use plimsoll_agent::state::StateStore as _;
use plimsoll_agent::state::file::FileState;
use plimsoll_artifact::signature::SecretKey;
use plimsoll_drivers::Host;
use plimsoll_drivers::local::{LocalHost, LocalOptions};
use plimsoll_engine::History;
use plimsoll_engine::journal::{Journal, Query, SqliteJournal};
use plimsoll_model::service::{Environment, Service, Target};
use plimsoll_model::{EnvironmentName, ExitCode, Secret};

use crate::content::ReleaseFolders;
use crate::failure::{Failure, with_causes};
use crate::faults;
use crate::this_machine::{ThisMachine, reach};

/// Variable with the password of the signing key.
const PASSWORD: &str = "PLIMSOLL_KEY_PASSWORD";

/// A project with a valid configuration.
pub(crate) struct Project {
    /// Folder of the configuration file.
    pub(crate) folder: PathBuf,
    /// The service.
    pub(crate) service: Service,
    /// What the configuration says and probably does not mean.
    pub(crate) warnings: Vec<String>,
}

impl Project {
    /// Reads the configuration.
    pub(crate) fn load(file: &Path) -> Result<Self, Failure> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(no_file(file)),
            Err(error) => return Err(Failure::usage(format!("cannot read {}: {error}", file.display()))),
        };
        let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = std::fs::canonicalize(folder)
            .map_err(|e| Failure::usage(format!("cannot use the folder {}: {e}", folder.display())))?;
        let loaded = plimsoll_config::load(&file.display().to_string(), &text)
            .map_err(|problems| Failure::usage(problems.render().trim_end().to_owned()))?;
        let warnings = loaded.warnings.iter().map(|w| w.render().trim_end().to_owned()).collect();
        Ok(Self { folder, service: loaded.service, warnings })
    }

    /// The project's folder for state.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.join(".plimsoll")
    }

    /// The sealed releases.
    pub(crate) fn releases(&self) -> PathBuf {
        self.state().join("releases")
    }

    /// The content of the sealed releases.
    pub(crate) fn content(&self) -> ReleaseFolders {
        ReleaseFolders::new(&self.releases())
    }

    /// Makes the state's folder where it is missing, out of version control's sight.
    pub(crate) fn make_state(&self) -> Result<(), Failure> {
        let state = self.state();
        let make = || {
            std::fs::create_dir_all(&state)?;
            let ignore = state.join(".gitignore");
            if !ignore.exists() {
                std::fs::write(ignore, "*\n")?;
            }
            Ok(())
        };
        make().map_err(|e: std::io::Error| {
            Failure::new(ExitCode::Internal, format!("cannot write {}: {e}", state.display()))
        })
    }

    /// The journal, made where there is none.
    pub(crate) fn journal(&self) -> Result<Box<dyn Journal>, Failure> {
        self.make_state()?;
        let journal = SqliteJournal::open(&self.state().join("journal.db"))?;
        Ok(faults::wrap(Box::new(journal)))
    }

    /// What the journal knows; nothing where there is none yet.
    pub(crate) fn history(&self) -> Result<History, Failure> {
        if !self.state().join("journal.db").exists() {
            return Ok(History::default());
        }
        Ok(History::fold(&self.journal()?.read(&Query::default())?))
    }

    /// The environment that is meant: the named one, `production`, or the only one.
    pub(crate) fn environment(&self, named: Option<&EnvironmentName>) -> Result<&Environment, Failure> {
        let environments = &self.service.environments;
        let names = || environments.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if let Some(name) = named {
            let missing = || Failure::usage(format!("there is no environment `{name}`"));
            return environments
                .get(name)
                .ok_or_else(|| missing().help(format!("declared are: {}", names())));
        }
        let production = environments.values().find(|e| e.name.as_str() == "production");
        let only = environments.values().next().filter(|_| environments.len() == 1);
        production.or(only).ok_or_else(|| {
            Failure::usage("which environment?").help(format!("name one with -e: {}", names()))
        })
    }

    /// The key that signs; made at first use where the configuration names none of its own.
    pub(crate) fn signing_key(&self) -> Result<SecretKey, Failure> {
        let path = self.folder.join(&self.service.signing.secret_key);
        if !path.exists() {
            let ours = path.starts_with(self.state());
            return if ours { self.make_key(&path) } else { Err(no_key(&path)) };
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|e| Failure::usage(format!("cannot read the key {}: {e}", path.display())))?;
        let password = std::env::var(PASSWORD).ok().map(Secret::new);
        SecretKey::read(&text, password.as_ref()).map_err(|e| {
            let failure = Failure::usage(format!("the key {}: {}", path.display(), with_causes(&e)));
            failure.help(format!("the password of an encrypted key is taken from {PASSWORD}"))
        })
    }

    fn make_key(&self, path: &Path) -> Result<SecretKey, Failure> {
        self.make_state()?;
        let key = SecretKey::generate()
            .map_err(|e| Failure::new(ExitCode::Internal, format!("no key was made: {}", with_causes(&e))))?;
        write_key(path, &key)
            .map_err(|e| Failure::new(ExitCode::Internal, format!("cannot write {}: {e}", path.display())))?;
        Ok(key)
    }

    /// The public keys that hosts accept.
    pub(crate) fn trusted_keys(&self, key: &SecretKey) -> Vec<String> {
        match self.service.signing.trusted_keys.as_slice() {
            [] => vec![key.public_key().to_base64()],
            declared => declared.to_vec(),
        }
    }

    /// The hosts of an environment, with agents started where none runs.
    pub(crate) fn hosts(&self, environment: &Environment) -> Result<Vec<Box<dyn Host>>, Failure> {
        let (layout, root) = self.layout(environment);
        layout.create().map_err(|e| Failure::new(ExitCode::Internal, with_causes(&e)))?;
        local_host(&layout, self.agent_command(&root)?)
    }

    /// The hosts of an environment as they are, whether anything was ever deployed there or not: nothing is started and
    /// nothing is made.
    pub(crate) fn hosts_to_look_at(&self, environment: &Environment) -> Vec<Box<dyn Host>> {
        let (_, root) = self.layout(environment);
        let place = Place { root, service: self.service.name.clone(), reach: reach() };
        vec![Box::new(ThisMachine::new(place))]
    }

    /// The hosts of an environment, only where something is looked after. Used by commands that only look. An agent that
    /// was killed is started again: what it looked after runs on, and only it can say what that is.
    pub(crate) fn running_hosts(&self, environment: &Environment) -> Result<Vec<Box<dyn Host>>, Failure> {
        let (layout, root) = self.layout(environment);
        if !layout.folder().exists() {
            return Ok(Vec::new());
        }
        // A state that cannot be read is the new agent's to complain about.
        let has_work = FileState::new(&layout).load().map(|saved| saved.is_some_and(|s| s.has_work()));
        let start = if has_work.unwrap_or(true) { self.agent_command(&root)? } else { Vec::new() };
        local_host(&layout, start)
    }

    /// What starts an agent for the hosts below `root`.
    fn agent_command(&self, root: &Path) -> Result<Vec<String>, Failure> {
        let program = std::env::current_exe().map_err(|e| {
            Failure::new(ExitCode::Internal, format!("this program's own file is not known: {e}"))
        })?;
        Ok(vec![
            program.display().to_string(),
            "agent".to_owned(),
            "--root".to_owned(),
            root.display().to_string(),
            "--service".to_owned(),
            self.service.name.to_string(),
        ])
    }

    fn layout(&self, environment: &Environment) -> (Layout, PathBuf) {
        let Target::Local { root } = &environment.target;
        let root = self.folder.join(root);
        (Layout::new(&root, &self.service.name), root)
    }
}

/// The host of this machine, whose agent `start` starts where none runs.
fn local_host(layout: &Layout, start: Vec<String>) -> Result<Vec<Box<dyn Host>>, Failure> {
    let sockets = layout.sockets().map_err(|e| Failure::new(ExitCode::Internal, with_causes(&e)))?;
    let log = layout.state().join("agent.log");
    let options = LocalOptions { socket: sockets.agent, start, log };
    Ok(vec![Box::new(LocalHost::new(options))])
}

fn no_file(file: &Path) -> Failure {
    let failure = Failure::usage(format!("there is no {}", file.display()));
    failure
        .help("plimsoll init    writes one for the project in this folder")
        .help("-c FILE    names another one")
}

fn no_key(path: &Path) -> Failure {
    let failure = Failure::usage(format!("there is no key at {}", path.display()));
    failure.help("make one there: minisign -G -s FILE, or leave `secret-key` out and one is made for you")
}

/// Writes both halves of a key, the secret one readable by its owner only from the first moment on.
fn write_key(path: &Path, key: &SecretKey) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(key.to_text().as_bytes())?;
    file.sync_all()?;
    std::fs::write(path.with_extension("pub"), key.public_key().to_text())
}
