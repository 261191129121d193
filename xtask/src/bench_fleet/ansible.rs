//! `ansible-core`, of `PyPI`, with a playbook as a careful user would write it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use plimsoll_testkit::fleet::{Fleet, Host};

use super::tools::{self, Tool};
use super::{Case, PORT};

const VERSION: &str = "2.19.14";
const PLAYBOOK: &str = include_str!("ansible.yml");

pub(super) struct Ansible {
    folder: PathBuf,
    programs: [PathBuf; 2],
}

impl Ansible {
    pub(super) fn new(folder: PathBuf, programs: [PathBuf; 2]) -> Self {
        Self { folder, programs }
    }
}

impl Tool for Ansible {
    fn name(&self) -> &'static str {
        "ansible-core"
    }

    fn how(&self) -> &'static str {
        "A playbook (`xtask/src/bench_fleet/ansible.yml`) with a folder for each version, a link to the current one, a \
         unit from a template, a restart only where something changed, and a health check that is repeated every 200 ms. \
         Pipelining, 10 forks, all hosts at once, no facts gathered, Ansible's own `-C` and kept connections. \
         It has no rollback of its own: the playbook is run with the older version."
    }

    fn install(&mut self) -> Result<String> {
        fs::create_dir_all(&self.folder)?;
        tools::from_pypi(&self.folder, &format!("ansible-core=={VERSION}"))?;
        Ok(VERSION.to_owned())
    }

    fn prepare(&mut self, fleet: &Fleet) -> Result<()> {
        let settings = format!(
            "[defaults]\ninventory = hosts\nforks = 10\ninterpreter_python = /usr/bin/python3\n\
             [connection]\npipelining = true\n[ssh_connection]\npipelining = true\n\
             ssh_args = -F {} -C -o ControlMaster=auto -o ControlPersist=60s\ncontrol_path_dir = {}\n",
            fleet.ssh_config().display(),
            fleet.folder().display()
        );
        fs::write(self.folder.join("ansible.cfg"), settings)?;
        let hosts: Vec<_> = fleet.hosts().iter().map(Host::name).collect();
        fs::write(self.folder.join("hosts"), hosts.join("\n") + "\n")?;
        fs::write(self.folder.join("deploy.yml"), PLAYBOOK)?;
        let unit = tools::unit_lines("/opt/bench/current/bench") + "[Install]\nWantedBy=multi-user.target\n";
        Ok(fs::write(self.folder.join("bench.service.j2"), unit)?)
    }

    fn command(&mut self, case: Case) -> Result<Command> {
        let version = case.version();
        let program = &self.programs[usize::from(version != 1)];
        let mut command = Command::new(self.folder.join("venv/bin/ansible-playbook"));
        command.current_dir(&self.folder).env("ANSIBLE_HOME", self.folder.join("home"));
        // It refuses to run where the locale is not one of UTF-8.
        command.env("LC_ALL", "C.UTF-8").arg("deploy.yml");
        command.args(["-e", &format!("version={version} program={} port={PORT}", program.display())]);
        Ok(command)
    }
}
