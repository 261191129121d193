//! Three hosts and a service on them, which all short cases share.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use plimsoll_model::{Digest, Manifest, ReleaseId};
use plimsoll_testkit::fleet::{Fleet, FleetOptions, Host};

use crate::support::hosts::{fleet, light_plimsoll};
use crate::support::{Project, service_program};

/// Instances on each host.
pub const INSTANCES: usize = 2;
/// Time without word after which a host goes back by itself.
const SWITCH: &str = "6s";
const NAMES: [&str; 3] = ["web1", "web2", "web3"];

/// The service on its hosts.
pub struct Stage {
    /// Before the fleet, so that it is stopped while its hosts are there.
    pub project: Project,
    pub fleet: Fleet,
    /// The version that serves.
    pub serving: String,
    /// Whether the hosts were changed under a journal that is not the project's: their trails say so.
    pub has_other_journal: bool,
    made: u32,
    /// Which version a program is, by its digest.
    versions: BTreeMap<Digest, String>,
}

/// Plays a case on the stage that all share, one at a time. After one that failed the next has a new one. The last one is
/// taken away with this process.
pub fn on_stage(test: &str, play: impl FnOnce(&mut Stage)) {
    static SHARED: Mutex<Option<Stage>> = Mutex::new(None);
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut stage) = shared.take().or_else(|| Stage::up(test)) else { return };
    play(&mut stage);
    *shared = Some(stage);
}

impl Stage {
    /// Hosts with the first version serving on all; `None`, and a word about it, where there can be none.
    pub fn up(test: &str) -> Option<Self> {
        Self::up_with_switch(test, SWITCH)
    }

    /// The same with another time without word after which a host goes back by itself.
    pub fn up_with_switch(test: &str, switch: &str) -> Option<Self> {
        let fleet = fleet(test, FleetOptions { hosts: 3, disk_megabytes: 512, ..FleetOptions::default() })?;
        let config = fleet.ssh_config();
        let place = format!(
            "target = \"ssh\"\nhosts = {NAMES:?}\nconnect-timeout = \"3s\"\nssh-config = \"{}\"",
            config.display()
        );
        // Below the fleet's folder, so that it goes with the fleet.
        let project = Project::within(&fleet.folder())
            .program(light_plimsoll())
            .health("interval = \"100ms\"\nmin-healthy-time = \"200ms\"\nhealthy-deadline = \"10s\"")
            .steps("{ set-weight = \"50%\", hosts = \"all\" }, { pause = \"1s\" }")
            .analysis("warm-up = \"100ms\"\ninterval = \"200ms\"\nmax-error-rate = \"1%\"")
            .rollout_keys("max-parallel = \"100%\"\nmax-unavailable = 1")
            .run_keys("[run.restart]\ndelay = \"200ms\"\nattempts = 5\n")
            .dead_man_switch(switch)
            .place(&place);
        let (serving, versions) = (String::new(), BTreeMap::new());
        let mut stage = Self { project, fleet, serving, has_other_journal: false, made: 0, versions };
        let version = stage.next(&[]);
        stage.project.run(&["ship"]).expect(0);
        stage.serving = version;
        Some(stage)
    }

    pub fn hosts(&self) -> &[Host] {
        self.fleet.hosts()
    }

    /// Changes the service to a version that was never there: another program with these variables.
    pub fn next(&mut self, variables: &[(&str, &str)]) -> String {
        self.made += 1;
        let version = self.made.to_string();
        let mut program = fs::read(service_program()).expect("the service");
        // Behind its end: what the kernel runs is the same, and its digest is not.
        program.extend_from_slice(version.as_bytes());
        self.versions.insert(Digest::of(&program), version.clone());
        let build = format!(
            r#"["sh", "-c", "mkdir -p out && cp {} out/greeter && printf {version} >> out/greeter"]"#,
            service_program().display()
        );
        let variables: Vec<_> = [("VERSION", version.as_str())].iter().chain(variables).copied().collect();
        self.project.become_version(&build, &variables);
        version
    }

    /// The version that a program is.
    pub fn version_of_program(&self, digest: &str) -> Option<&str> {
        self.versions.get(&digest.parse().ok()?).map(String::as_str)
    }

    /// The version that a release is, by the program that it holds.
    pub fn version_of_release(&self, release: &str) -> Option<&str> {
        let manifest = self.release_folder(release).join("manifest.json");
        let manifest: Manifest = serde_json::from_slice(&fs::read(manifest).ok()?).ok()?;
        self.versions.get(&manifest.artifact.digest).map(String::as_str)
    }

    /// Where a release is kept beside the project.
    pub fn release_folder(&self, release: &str) -> PathBuf {
        self.project.path().join(".plimsoll/releases").join(release)
    }

    /// The release that was sealed last: its number as people say it, and its identifier.
    pub fn newest_release(&self) -> (String, ReleaseId) {
        let known = plimsoll_engine::History::fold(&self.project.journal()).releases;
        let newest = known.last().expect("a release was sealed");
        (format!("r{}", newest.number), newest.release.clone())
    }
}
