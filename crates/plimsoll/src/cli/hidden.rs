//! What plimsoll calls itself with, on hosts.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Agent {
    /// Folder of releases and state.
    #[arg(long)]
    pub(crate) root: PathBuf,
    /// The service.
    #[arg(long)]
    pub(crate) service: plimsoll_model::ServiceName,
    /// Connect standard input and output with the agent, which is started where none runs.
    #[arg(long)]
    pub(crate) stdio: bool,
    /// Who looks after the instances.
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) runtime: Runtime,
    /// Whose systemd, where it is systemd.
    #[arg(long, value_enum, default_value = "system")]
    pub(crate) scope: Scope,
}

/// Who looks after an agent's instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Runtime {
    /// Parents of our own; over `--stdio` systemd, where the host was booted with it.
    Auto,
    /// Parents of our own.
    Shims,
    /// The host's systemd.
    Systemd,
}

/// Whose systemd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scope {
    /// The host's.
    System,
    /// The user's.
    User,
}

impl From<Scope> for plimsoll_agent::systemd::Scope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::System => Self::System,
            Scope::User => Self::User,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Proxy {
    /// Where clients are served.
    #[arg(long, required_unless_present = "inherited")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    /// They are served on the listening socket that is its standard input.
    #[arg(long, conflicts_with = "listen")]
    pub(crate) inherited: bool,
    /// Socket of the control connection.
    #[arg(long)]
    pub(crate) control: PathBuf,
    /// File that keeps the table.
    #[arg(long)]
    pub(crate) state: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Spec {
    /// The file that says what to do.
    pub(crate) spec: PathBuf,
}
