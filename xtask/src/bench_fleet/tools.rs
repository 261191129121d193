//! What the bench asks of a tool, and what the ways of the tools have in common.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use plimsoll_testkit::fleet::Fleet;

use super::ansible::Ansible;
use super::fujin::Fujin;
use super::plimsoll::Plimsoll;
use super::service::Service;
use super::slipway::Slipway;
use super::{Case, PORT};
use crate::workspace;

/// A tool that deploys.
pub(super) trait Tool {
    fn name(&self) -> &'static str;
    /// How it was used, for the page.
    fn how(&self) -> &'static str;
    /// Installs it, and says its version.
    fn install(&mut self) -> Result<String>;
    /// What its user does once, before the first deployment; not measured.
    fn prepare(&mut self, fleet: &Fleet) -> Result<()>;
    /// The command for a case; what must be there before it runs is made here and not measured.
    fn command(&mut self, case: Case) -> Result<Command>;
    /// Ends what it left running on this machine.
    fn finish(&mut self) {}
}

pub(super) fn all<'a>(folder: &Path, service: &'a Service) -> Vec<Box<dyn Tool + 'a>> {
    let own = |name: &str| folder.join(name);
    let programs = [1, 2].map(|version| service.program(version).to_owned());
    vec![
        Box::new(Plimsoll::new(service)),
        Box::new(Slipway::new(own("slipway"), programs.clone())),
        Box::new(Ansible::new(own("ansible"), programs.clone())),
        Box::new(Fujin::new(own("fujin"), programs)),
    ]
}

/// Installs a package of `PyPI` into a folder of its own, unless it is there, and returns the folder of its programs.
pub(super) fn from_pypi(folder: &Path, package: &str) -> Result<PathBuf> {
    let venv = folder.join("venv");
    if !venv.join("bin/pip").exists() {
        workspace::read(workspace::command("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    workspace::read(workspace::command(venv.join("bin/pip")).args(["install", "--quiet", package]))?;
    Ok(venv.join("bin"))
}

/// A folder with an `ssh` that knows the fleet's hosts and keeps connections, for tools that call `ssh` and have no
/// option for its configuration. A user would have the same lines in `~/.ssh/config`.
pub(super) fn ssh_folder(folder: &Path, fleet: &Fleet) -> Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let ssh = workspace::find("ssh").unwrap_or_else(|| "/usr/bin/ssh".into());
    let bin = folder.join("bin");
    fs::create_dir_all(&bin)?;
    let text = format!(
        "#!/bin/sh\nexec {} -F {} -o ControlMaster=auto -o ControlPersist=60 -o ControlPath={}/kept-%C \"$@\"\n",
        ssh.display(),
        fleet.ssh_config().display(),
        fleet.folder().display()
    );
    fs::write(bin.join("ssh"), text)?;
    fs::set_permissions(bin.join("ssh"), fs::Permissions::from_mode(0o755))?;
    Ok(bin)
}

/// `PATH` with a folder before all others.
pub(super) fn path_with(folder: &Path) -> String {
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default())
}

/// The `[Service]` lines that every tool's unit has.
pub(super) fn unit_lines(program: &str) -> String {
    format!("[Service]\nExecStart={program}\nEnvironment=PORT={PORT}\nRestart=on-failure\n")
}
