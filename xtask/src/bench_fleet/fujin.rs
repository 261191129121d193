//! `fujin-cli`, of `PyPI`. It knows one host at a time, so a loop of the shell starts it for all of them at once.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use plimsoll_testkit::fleet::Fleet;

use super::Case;
use super::tools::{self, Tool};

const VERSION: &str = "0.27.1";
/// Starts the rest of the arguments for every host at once, and fails where one does.
const EVERY_HOST: &str = r#"pids=; for host in $HOSTS; do "$@" -H "$host" & pids="$pids $!"; done
ended=0; for pid in $pids; do wait "$pid" || ended=1; done; exit $ended"#;

pub(super) struct Fujin {
    folder: PathBuf,
    programs: [PathBuf; 2],
    /// The `[[hosts]]` of its configuration, and their names.
    hosts: String,
    names: String,
}

impl Fujin {
    pub(super) fn new(folder: PathBuf, programs: [PathBuf; 2]) -> Self {
        Self { folder, programs, hosts: String::new(), names: String::new() }
    }
}

impl Tool for Fujin {
    fn name(&self) -> &'static str {
        "fujin-cli"
    }

    fn how(&self) -> &'static str {
        "`installation_mode = \"binary\"`, no web server, `rsync` on both sides (it uses it for bundles over 30 MB), `deploy \
         --no-input --full-restart`, `rollback --previous`. One host a command: a shell starts the ten at the same time. \
         What `server bootstrap` would fetch from the internet was not needed; the folder that it makes was made."
    }

    fn install(&mut self) -> Result<String> {
        fs::create_dir_all(&self.folder)?;
        tools::from_pypi(&self.folder, &format!("fujin-cli=={VERSION}"))?;
        Ok(VERSION.to_owned())
    }

    fn prepare(&mut self, fleet: &Fleet) -> Result<()> {
        tools::ssh_folder(&self.folder, fleet)?;
        let key = fs::read_to_string(fleet.ssh_config())?;
        let key = key
            .lines()
            .find_map(|line| line.trim().strip_prefix("IdentityFile "))
            .unwrap_or_default()
            .to_owned();
        for host in fleet.hosts() {
            let made = host.run(&["mkdir", "-p", "/opt/fujin"])?;
            ensure!(made.status.success(), "/opt/fujin cannot be made on {}", host.name());
            let (name, address) = (host.name(), host.address());
            writeln!(
                self.hosts,
                "[[hosts]]\nname = \"{name}\"\naddress = \"{address}\"\nuser = \"root\"\nkey_filename = \"{key}\""
            )?;
            write!(self.names, "{name} ")?;
        }
        let units = self.folder.join(".fujin/systemd");
        fs::create_dir_all(&units)?;
        let unit = tools::unit_lines("{install_dir}/bench")
            + "User={app_user}\n[Install]\nWantedBy=multi-user.target\n";
        Ok(fs::write(units.join("web.service"), unit)?)
    }

    fn command(&mut self, case: Case) -> Result<Command> {
        let version = case.version();
        fs::copy(&self.programs[usize::from(version != 1)], self.folder.join(format!("bench-{version}")))?;
        let text = format!(
            "app = \"bench\"\nversion = \"{version}\"\nbuild_command = \"true\"\ninstallation_mode = \"binary\"\n\
             distfile = \"bench-{{version}}\"\n{}",
            self.hosts
        );
        fs::write(self.folder.join("fujin.toml"), text)?;
        let mut command = Command::new("sh");
        command.current_dir(&self.folder).env("HOSTS", &self.names);
        command.env("PATH", tools::path_with(&self.folder.join("bin")));
        command.args(["-c", EVERY_HOST, "sh"]).arg(self.folder.join("venv/bin/fujin"));
        command.args(if case == Case::Rollback {
            ["rollback", "--previous", "--strict"]
        } else {
            ["deploy", "--no-input", "--full-restart"]
        });
        Ok(command)
    }
}
