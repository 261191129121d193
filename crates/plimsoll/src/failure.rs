//! A command that did not do what was asked: its exit code, what happened, and what to do about it.

use std::path::Path;

use plimsoll_engine::History;
use plimsoll_engine::journal::{JournalError, Trouble};
use plimsoll_engine::ship::ShipError;
pub(crate) use plimsoll_engine::text::with_causes;
use plimsoll_engine::{DeployError, RunError};
use plimsoll_model::ExitCode;
use plimsoll_plan::planner::NoPlan;
use plimsoll_report::renamed;

use crate::who;

/// The end of a command that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: ExitCode,
    /// What happened, as a fragment; several lines where a file is shown.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) help: Vec<String>,
}

impl Failure {
    /// A failure without advice.
    pub(crate) fn new(exit: ExitCode, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), help: Vec::new() }
    }

    /// A wrong command line or configuration.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, message)
    }

    /// The same with the names that people use instead of releases' identifiers.
    #[must_use]
    pub(crate) fn named(mut self, history: &History) -> Self {
        for known in &history.releases {
            let (id, name) = (known.release.as_str(), format!("r{}", known.number));
            self.message = renamed(&self.message, id, &name);
            self.help.iter_mut().for_each(|help| *help = renamed(help, id, &name));
        }
        self
    }

    /// Adds advice.
    #[must_use]
    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(ExitCode::Internal, with_causes(error.as_ref()))
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let text = with_causes(&error);
        match &error {
            JournalError::LeaseHeld { environment, until, .. } => Self::new(ExitCode::LockHeld, text)
                .help(format!("wait for it, or watch it: plimsoll status ({environment} until {until})"))
                .help("a command that was killed loses its lease by itself, at once on the same machine"),
            JournalError::LeaseLost { .. } => Self::new(ExitCode::LockHeld, text)
                .help("plimsoll status    what the other command made of it"),
            JournalError::Newer { .. } => Self::new(ExitCode::Usage, text)
                .help("use the version of plimsoll that wrote it, or a newer one"),
            JournalError::Damaged { .. } => Self::new(ExitCode::Internal, text)
                .help("plimsoll audit    shows from where on the journal does not hold"),
            JournalError::Storage { path, trouble, .. } => {
                Self::new(ExitCode::Internal, text).help(storage_help(path, trouble))
            }
            JournalError::Injected => Self::new(ExitCode::Internal, text),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Journal(error) => error.into(),
            RunError::Overtaken { .. } => Self::new(ExitCode::LockHeld, error.to_string())
                .help("plimsoll status    what the other command made of it"),
            RunError::Unfitting(_) | RunError::NoPlan => Self::new(ExitCode::Internal, with_causes(&error)),
        }
    }
}

impl From<DeployError> for Failure {
    fn from(error: DeployError) -> Self {
        match error {
            DeployError::Run(error) => error.into(),
            DeployError::Journal(error) => error.into(),
            DeployError::NoPlan(why) => no_plan(&why),
            DeployError::SecretsMissing { .. } => Self::usage(error.to_string())
                .help("set it and say it again")
                .help("its value goes to the instances; their host keeps it for restarts, readable by its own user only, until they end"),
            DeployError::PastBlock { .. } => {
                Self::new(ExitCode::Refused, error.to_string()).help("roll forward: mend it and ship").help(
                    "--force-past-block    goes there all the same; be sure that it works with what is left",
                )
            }
            DeployError::Unfit { summary, help } => help
                .iter()
                .fold(Self::new(ExitCode::Refused, summary.clone()), Self::help)
                .help("plimsoll doctor    every host, every question"),
            DeployError::NothingUnderWay { .. } => Self::new(ExitCode::Usage, error.to_string())
                .help("plimsoll history    what was rolled out when"),
            // What is kept beside the project is not what was sealed. Nothing of it went anywhere.
            DeployError::Content(_) | DeployError::Manifest { .. } => {
                Self::new(ExitCode::Refused, with_causes(&error))
                    .help("plimsoll ship    builds, seals and signs a release anew")
            }
        }
    }
}

impl From<ShipError> for Failure {
    fn from(error: ShipError) -> Self {
        match error {
            ShipError::Deploy(error) => error.into(),
            ShipError::Journal(error) => error.into(),
            ShipError::Hosts(_) => Self::new(ExitCode::Unreachable, with_causes(&error)),
            ShipError::Stopped { .. } => {
                Self::new(ExitCode::LockHeld, error.to_string()).help("plimsoll ship    brings it in again")
            }
            ShipError::Cancelled => Self::new(ExitCode::Refused, error.to_string()),
        }
    }
}

fn storage_help(path: &Path, trouble: &Trouble) -> String {
    let folder = path.parent().unwrap_or(path).display();
    match trouble {
        Trouble::DiskFull | Trouble::Disk { .. } => format!("df -h {folder}    make room, and say it again"),
        Trouble::NotWritable | Trouble::NotOpened => {
            format!("ls -l {folder}    whose it is; you are {}. Say it as its owner", who::user())
        }
        Trouble::Busy => "plimsoll status    what is under way".to_owned(),
        Trouble::Other { .. } => {
            format!("{}    is the file; keep a copy before you change it", path.display())
        }
    }
}

fn no_plan(why: &NoPlan) -> Failure {
    match why {
        NoPlan::AlreadyServing { .. } => Failure::new(ExitCode::Success, why.to_string()),
        NoPlan::RolledBackBefore { release } => Failure::new(ExitCode::Refused, why.to_string())
            .help("change something and ship again")
            .help(format!("plimsoll retry {release}    try it once more as it is")),
        NoPlan::NotForEnvironment { .. } => {
            Failure::new(ExitCode::Usage, why.to_string()).help("ship a new release to it")
        }
        NoPlan::Unreachable { .. } => Failure::new(ExitCode::Unreachable, why.to_string()),
    }
}
