//! The command line of `ssh`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use plimsoll_model::ssh::{Destination, SshTarget};

/// Seconds between two questions whether the other side still lives, and how many may stay unanswered: a link that is
/// dead is known to be so after about ten seconds, whatever TCP still hopes for.
const ALIVE: [&str; 2] = ["ServerAliveInterval=3", "ServerAliveCountMax=3"];

/// What the operator's configuration may say and must not hold here. Forwardings, a terminal or commands of their own
/// would break a session that carries frames; an agent or a display is nobody's business on the hosts. Whether host
/// keys are checked, and how, is never touched.
const OURS: [&str; 8] = [
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "LogLevel=INFO",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "RequestTTY=no",
    "EscapeChar=none",
];

/// How ssh is called in an environment.
#[derive(Debug, Clone)]
pub(super) struct Options {
    /// Read instead of the operator's configuration.
    pub(super) config: Option<PathBuf>,
    pub(super) connect_timeout: Duration,
}

impl Options {
    pub(super) fn of(target: &SshTarget) -> Self {
        Self { config: target.ssh_config.clone(), connect_timeout: target.connect_timeout.duration() }
    }

    /// A session on the connection behind `socket`, which this session makes where there is none. It asks nothing:
    /// neither this ssh nor one that it starts for a jump host, which knows nothing of our options.
    pub(super) fn session(&self, to: &Destination, socket: &Path) -> Command {
        let mut command = self.base(socket);
        command.args(["-o", "BatchMode=yes", "-o", "ControlMaster=auto", "-o", "ControlPersist=no"]);
        command.env("SSH_ASKPASS_REQUIRE", "force").env("SSH_ASKPASS", "/bin/false");
        to_destination(&mut command, to);
        command
    }

    /// A connection behind `socket` that may ask on the terminal. It goes into the background once it stands, and ends
    /// when nothing has used it for a minute.
    pub(super) fn asking(&self, to: &Destination, socket: &Path) -> Command {
        let mut command = self.base(socket);
        command.args(["-f", "-N", "-o", "ControlMaster=yes", "-o", "ControlPersist=60"]);
        command.stdout(Stdio::null());
        to_destination(&mut command, to);
        command
    }

    /// Ends a connection that went into the background.
    pub(super) fn ending(&self, to: &Destination, socket: &Path) -> Command {
        let mut command = self.base(socket);
        command.args(["-O", "exit"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        to_destination(&mut command, to);
        command
    }

    /// Prints what ssh makes of a destination.
    pub(super) fn resolving(&self, to: &Destination) -> Command {
        let mut command = self.with_config();
        command.arg("-G").stdin(Stdio::null());
        to_destination(&mut command, to);
        command
    }

    /// What a person types to be asked what a pipe cannot be asked.
    pub(super) fn by_hand(&self, to: &Destination) -> String {
        let config = self.config.as_ref().map(|path| format!("-F {} ", path.display())).unwrap_or_default();
        let port = to.port.map(|port| format!("-p {port} ")).unwrap_or_default();
        format!("ssh {config}{port}{} true", user_and_host(to))
    }

    fn base(&self, socket: &Path) -> Command {
        let mut command = self.with_config();
        command.arg("-T");
        for option in ALIVE.iter().chain(&OURS) {
            command.args(["-o", option]);
        }
        command.arg("-o").arg(format!("ConnectTimeout={}", self.connect_timeout.as_secs().max(1)));
        command.arg("-S").arg(socket);
        command
    }

    fn with_config(&self) -> Command {
        let mut command = Command::new("ssh");
        // The system's messages are looked for by their English words.
        command.env("LC_ALL", "C");
        if let Some(config) = &self.config {
            command.arg("-F").arg(config);
        }
        command
    }
}

/// A destination's alphabet leaves nothing that ssh could take for an option.
fn to_destination(command: &mut Command, to: &Destination) {
    if let Some(port) = to.port {
        command.arg("-p").arg(port.to_string());
    }
    command.arg("--").arg(user_and_host(to));
}

fn user_and_host(to: &Destination) -> String {
    match &to.user {
        Some(user) => format!("{user}@{}", to.host),
        None => to.host.clone(),
    }
}
