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

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plimsoll_artifact::signature::{PublicKey, SecretKey};
use plimsoll_engine::History;
use plimsoll_engine::journal::{Journal, JournalError, MaskingJournal, Query, SqliteJournal};
use plimsoll_model::record::Record;
use plimsoll_model::service::{Environment, Service};
use plimsoll_model::{EnvironmentName, ExitCode, Masker, ReleaseId, Secret};
use plimsoll_report::Names;

use crate::content::ReleaseFolders;
use crate::failure::{Failure, with_causes};
use crate::faults;
use crate::hosts::Connections;
use crate::{output, secrets};

/// Largest configuration file that is read, in bytes.
const LONGEST_CONFIGURATION: u64 = 1024 * 1024;
/// Variable with the password of the signing key.
pub(crate) const PASSWORD: &str = "PLIMSOLL_KEY_PASSWORD";

/// A project with a valid configuration.
pub(crate) struct Project {
    /// Folder of the configuration file.
    pub(crate) folder: PathBuf,
    /// The service.
    pub(crate) service: Service,
    /// What the configuration says and probably does not mean.
    pub(crate) warnings: Vec<String>,
    /// Masks the values of its secrets.
    pub(crate) masker: Masker,
    /// Connections to hosts, which all parts of a command share.
    pub(crate) connections: Connections,
}

impl Project {
    /// Reads the configuration.
    pub(crate) fn load(file: &Path) -> Result<Self, Failure> {
        let text = read_configuration(file)?;
        let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = std::fs::canonicalize(folder)
            .map_err(|e| Failure::usage(format!("cannot use the folder {}: {e}", folder.display())))?;
        let loaded = plimsoll_config::load(&file.display().to_string(), &text)
            .map_err(|problems| Failure::usage(problems.render().trim_end().to_owned()))?;
        let mut warnings: Vec<String> =
            loaded.warnings.iter().map(|w| w.render().trim_end().to_owned()).collect();
        let (masker, short) = secrets::masker(&loaded.service);
        warnings.extend(short.iter().map(|name| {
            format!("warning: the value of the secret {name} is too short to be masked where it is printed")
        }));
        output::keep_secret(masker.clone());
        let connections = Connections::default();
        Ok(Self { folder, service: loaded.service, warnings, masker, connections })
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
        Ok(self.open_journal()?)
    }

    /// The journal below a state's folder that is there.
    pub(crate) fn open_journal(&self) -> Result<Box<dyn Journal>, JournalError> {
        let journal = SqliteJournal::open(&self.state().join("journal.db"))?;
        let journal = MaskingJournal::new(Box::new(journal), self.masker.clone());
        Ok(faults::wrap(Box::new(journal)))
    }

    /// Records of the journal, for who only looks: none where there is no journal yet, and nothing is made.
    pub(crate) fn records(&self, query: &Query) -> Result<Vec<Record>, Failure> {
        Ok(self.read_records(query)?)
    }

    /// The same for who tells a damaged journal from one that cannot be read.
    pub(crate) fn read_records(&self, query: &Query) -> Result<Vec<Record>, JournalError> {
        let path = self.state().join("journal.db");
        match std::fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            _ => SqliteJournal::open_to_look(&path)?.read(query),
        }
    }

    /// What the journal knows; nothing where there is none yet.
    pub(crate) fn history(&self) -> Result<History, Failure> {
        Ok(History::fold(&self.records(&Query::default())?))
    }

    /// The names of all releases.
    pub(crate) fn names(&self) -> Result<Names, Failure> {
        Ok(Names::from_records(&self.records(&Query::default())?))
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

    /// Where the secret key is, or will be.
    pub(crate) fn key_path(&self) -> PathBuf {
        self.folder.join(&self.service.signing.secret_key)
    }

    /// The key that signs; made at first use where the configuration names none of its own.
    pub(crate) fn signing_key(&self) -> Result<SecretKey, Failure> {
        let path = self.key_path();
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
        if !self.history()?.releases.is_empty() {
            output::remark(&key_was_gone(path));
        }
        Ok(key)
    }

    /// The public half of the key that signs, where it lies beside it.
    pub(crate) fn public_key_beside(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.key_path().with_extension("pub")).ok()?;
        PublicKey::parse(&text).ok().map(|key| key.to_base64())
    }

    /// The public keys that hosts accept of who signs with `key`. Keys that signed what has served stay among them: what
    /// they signed is started and gone back to.
    pub(crate) fn trusted_keys(&self, key: &SecretKey) -> Result<Vec<String>, Failure> {
        let own = key.public_key().to_base64();
        self.declared_keys_or(|| {
            let mut earlier = self.history()?.accepted_signers();
            earlier.remove(&own);
            Ok(std::iter::once(own).chain(earlier).collect())
        })
    }

    /// The public keys that hosts accept of who only brings a sealed release: no secret key is opened or made for that.
    pub(crate) fn trusted_keys_for(&self, release: &ReleaseId) -> Result<Vec<String>, Failure> {
        self.declared_keys_or(|| {
            let history = self.history()?;
            let mut signers = history.signers(release);
            if signers.is_empty() {
                signers.extend(self.public_key_beside());
            }
            if signers.is_empty() {
                return Err(no_public_key(&history.label(release).to_string(), &self.key_path()));
            }
            let keys: BTreeSet<String> = signers.into_iter().chain(history.accepted_signers()).collect();
            Ok(keys.into_iter().collect())
        })
    }

    fn declared_keys_or(
        &self,
        known: impl FnOnce() -> Result<Vec<String>, Failure>,
    ) -> Result<Vec<String>, Failure> {
        match self.service.signing.trusted_keys.as_slice() {
            [] => known(),
            declared => Ok(declared.to_vec()),
        }
    }
}

/// The text of a configuration file. What is no text, or far too long for one, is told with where and why.
fn read_configuration(file: &Path) -> Result<String, Failure> {
    use std::io::Read as _;
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => no_file(file),
        _ => Failure::usage(format!("cannot read {}: {error}", file.display())),
    };
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(failed)?;
    opened.take(LONGEST_CONFIGURATION + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LONGEST_CONFIGURATION {
        let failure =
            Failure::usage(format!("{} is longer than 1 MB; this is no plimsoll.toml", file.display()));
        return Err(failure.help("-c FILE    names another one"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..good].split(|byte| *byte == b'\n').count();
        let failure = Failure::usage(format!("{}:{line}: this is not text in UTF-8", file.display()));
        failure.help(
            "save the file as UTF-8 (an editor may call it \"Unicode\"), or name another one with -c FILE",
        )
    })
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

fn no_public_key(release: &str, path: &Path) -> Failure {
    let failure = Failure::usage(format!(
        "it is not known which public key signed {release}: the journal does not say, and there is no {}",
        path.with_extension("pub").display()
    ));
    failure.help("[sign] trusted-keys = [\"RW...\"]    names the keys that hosts accept").help(format!(
        "minisign -R -s {} -p FILE.pub    prints the public half of a secret key",
        path.display()
    ))
}

fn key_was_gone(path: &Path) -> String {
    format!(
        "warning: the signing key {path} was gone, and a new one was made. What the old key signed and has served can \
         still be gone back to; where `trusted-keys` names only the old one, hosts refuse what is signed now\n\
         hint: where the old file is kept, put it back at {path}; or name the new key in `trusted-keys`: plimsoll key show",
        path = path.display()
    )
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
