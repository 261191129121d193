//! slipway, of crates.io.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use plimsoll_testkit::fleet::Fleet;

use super::tools::{self, Tool};
use super::{Case, PORT};
use crate::workspace;

const VERSION: &str = "0.3.1";

pub(super) struct Slipway {
    folder: PathBuf,
    programs: [PathBuf; 2],
}

impl Slipway {
    pub(super) fn new(folder: PathBuf, programs: [PathBuf; 2]) -> Self {
        Self { folder, programs }
    }
}

impl Tool for Slipway {
    fn name(&self) -> &'static str {
        "slipway"
    }

    fn how(&self) -> &'static str {
        "`rollout.parallel = 10`, a health check with `curl` that is repeated every 200 ms, and an `ssh_config` that keeps \
         connections. Its `rollback` knows no parallel hosts and goes from one to the next."
    }

    fn install(&mut self) -> Result<String> {
        fs::create_dir_all(&self.folder)?;
        let mut cargo = workspace::cargo();
        // The workspace's own flags and target folder are none of its business.
        cargo.current_dir(&self.folder).env_remove("CARGO_TARGET_DIR");
        cargo.args(["install", "--quiet", "--locked", "slipway", "--version", VERSION, "--root"]);
        workspace::run(cargo.arg(&self.folder))?;
        Ok(VERSION.to_owned())
    }

    fn prepare(&mut self, fleet: &Fleet) -> Result<()> {
        tools::ssh_folder(&self.folder, fleet)?;
        let hosts: Vec<_> = fleet.hosts().iter().map(|host| format!("\"{}\"", host.name())).collect();
        let text = format!(
            "app = \"bench\"\nhosts = [{}]\n[build]\nartifact = \"program/bench\"\n[remote]\nsudo = false\n\
             [rollout]\nparallel = 10\n[service]\nexec_start = \"{{current}}/bench\"\nenv = {{ PORT = \"{PORT}\" }}\n\
             [healthcheck]\ncommand = \"curl -fsS http://127.0.0.1:{PORT}/healthz\"\nretries = 50\ndelay_ms = 200\n",
            hosts.join(", ")
        );
        Ok(fs::write(self.folder.join("slipway.toml"), text)?)
    }

    fn command(&mut self, case: Case) -> Result<Command> {
        let place = self.folder.join("program");
        fs::create_dir_all(&place)?;
        fs::copy(&self.programs[usize::from(case.version() != 1)], place.join("bench"))?;
        let mut command = Command::new(self.folder.join("bin/slipway"));
        command.current_dir(&self.folder).env("PATH", tools::path_with(&self.folder.join("bin")));
        command.arg(if case == Case::Rollback { "rollback" } else { "deploy" });
        Ok(command)
    }
}
