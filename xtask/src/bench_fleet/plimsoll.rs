//! plimsoll itself.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use plimsoll_testkit::fleet::Fleet;

use super::service::Service;
use super::tools::Tool;
use super::{Case, PORT};
use crate::demo::clean;
use crate::{build, workspace};

pub(super) struct Plimsoll<'a> {
    service: &'a Service,
    program: PathBuf,
}

impl<'a> Plimsoll<'a> {
    pub(super) fn new(service: &'a Service) -> Self {
        Self { service, program: PathBuf::new() }
    }

    fn run(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.service.project).args(words);
        clean(&mut command);
        command
    }
}

impl Tool for Plimsoll<'_> {
    fn name(&self) -> &'static str {
        "plimsoll"
    }

    fn how(&self) -> &'static str {
        "`deploy` of a release that `build` made and sealed, and `rollback`; no canary steps, `max-parallel = \"100%\"`, \
         all else as it is by default."
    }

    fn install(&mut self) -> Result<String> {
        self.program = build::binary(&[])?;
        let version = workspace::read(workspace::command(&self.program).arg("--version"))?;
        Ok(version.split_whitespace().nth(1).unwrap_or_default().to_owned())
    }

    fn prepare(&mut self, fleet: &Fleet) -> Result<()> {
        let hosts: Vec<_> = fleet.hosts().iter().map(|host| format!("\"{}\"", host.name())).collect();
        let text = format!(
            "[service]\nname = \"bench\"\n[build]\ntype = \"go\"\nflags = [\"-ldflags=-s\"]\n[environments.production]\ntarget = \"ssh\"\n\
             hosts = [{}]\nssh-config = \"{}\"\nport = {PORT}\n[environments.production.rollout]\nmax-parallel = \"100%\"\n",
            hosts.join(", "),
            fleet.ssh_config().display()
        );
        fs::write(self.service.project.join("plimsoll.toml"), text)?;
        for version in 1..=2 {
            self.service.change_to(version)?;
            workspace::read(&mut self.run(&["build"]))?;
        }
        Ok(())
    }

    fn command(&mut self, case: Case) -> Result<Command> {
        Ok(match case {
            Case::Rollback => self.run(&["rollback"]),
            Case::First | Case::Change | Case::Same => self.run(&["deploy", &format!("r{}", case.version())]),
        })
    }
}
