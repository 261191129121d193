//! Starting an instance: from a sealed release and the secrets of the moment to an order for the runtime.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use plimsoll_model::agent::{Refusal, RefusalReason, Response};
use plimsoll_model::observation::InstanceState;
use plimsoll_model::release::{RunSpec, SecretReference};
use plimsoll_model::{Digest, InstanceId, Secret};

use super::Agent;
use crate::runtime::{InstanceOrder, RuntimeError, Signal};
use crate::state::{Ending, InstanceRecord};

impl Agent {
    /// Starts an instance, unless it is there already. `secrets` are keyed by the variable that the instance sees.
    pub(super) fn start(
        &mut self,
        id: &InstanceId,
        secrets: BTreeMap<String, Secret>,
    ) -> Result<Response, Refusal> {
        if let Some(port) = self.live_port(id)? {
            return Ok(Response::Started { port });
        }
        let trusted = self.settings()?.trusted_keys.clone();
        let executable = self.parts.store.verify(&id.release, &trusted)?;
        let (run_spec, digest) = self.run_spec(id)?;
        self.keep_secrets(id, &run_spec, secrets)?;
        self.end_older_run(id)?;
        let port = self.ask(id, run_spec, digest)?;
        self.launch_program(id, executable)
            .inspect_err(|why| self.give_up(id, &format!("could not be started: {}", why.message)))?;
        Ok(Response::Started { port })
    }

    /// The port of an instance that is live. One that only drains is taken back into service.
    fn live_port(&mut self, id: &InstanceId) -> Result<Option<u16>, Refusal> {
        let now = self.now;
        let Some(record) = self.state.instances.get(id).filter(|record| record.state.is_live()) else {
            return Ok(None);
        };
        let port = record.port;
        match record.ending {
            None => Ok(Some(port)),
            Some(Ending::Draining { .. }) => {
                let state =
                    if record.proof.is_some() { InstanceState::Ready } else { InstanceState::Starting };
                self.change(|host| {
                    let record = host.instances.get_mut(id).expect("it was looked up above");
                    record.ending = None;
                    record.asked_at = now;
                    record.enter(state, now, "was retiring and was asked for again");
                })?;
                Ok(Some(port))
            }
            // It has finished its requests and was told to go: a new run takes its place.
            Some(Ending::Stopping { .. }) => Ok(None),
        }
    }

    pub(super) fn run_spec(&mut self, id: &InstanceId) -> Result<(RunSpec, Digest), Refusal> {
        let environment = self.settings()?.environment.clone();
        let mut manifest = self.parts.store.manifest(&id.release)?;
        let digest = manifest.artifact.digest;
        manifest.environments.remove(&environment).map(|run_spec| (run_spec, digest)).ok_or_else(|| {
            Refusal::new(
                RefusalReason::Precondition,
                format!("release {} was made without environment `{environment}`", id.release),
            )
            .with_help("make a new release: a release carries the configuration of every environment it knew")
        })
    }

    /// Collects the secrets that the release refers to, and keeps them for restarts.
    fn keep_secrets(
        &mut self,
        id: &InstanceId,
        run_spec: &RunSpec,
        mut sent: BTreeMap<String, Secret>,
    ) -> Result<(), Refusal> {
        let mut kept = BTreeMap::new();
        for (variable, reference) in &run_spec.secrets {
            let value = match reference {
                SecretReference::Env(name) => sent.remove(variable).ok_or_else(|| {
                    Refusal::new(
                        RefusalReason::Precondition,
                        format!("the secret for `{variable}` of instance {id} was not sent"),
                    )
                    .with_help(format!("set `{name}` in the environment of the command that deploys"))
                })?,
                SecretReference::File(path) => self.parts.runtime.read_secret(Path::new(path))?,
            };
            kept.insert(variable.clone(), value);
        }
        if self.secrets.get(id).is_none_or(|old| *old != kept) {
            let mut next = self.secrets.clone();
            next.insert(id.clone(), kept);
            next.retain(|_, values| !values.is_empty());
            if next != self.secrets {
                self.parts.state.save_secrets(&next)?;
                self.secrets = next;
            }
        }
        Ok(())
    }

    /// Kills what may be left of an earlier run, before it is forgotten.
    fn end_older_run(&mut self, id: &InstanceId) -> Result<(), Refusal> {
        if let Some(record) = self.state.instances.get(id).filter(|record| record.ending.is_some()) {
            let process = record.process(id);
            self.parts.runtime.signal(&process, Signal::Kill)?;
        }
        Ok(())
    }

    /// Writes down that the instance is wanted, with a new run and a port.
    fn ask(&mut self, id: &InstanceId, run_spec: RunSpec, digest: Digest) -> Result<u16, Refusal> {
        let now = self.now;
        let port = self.free_port(id)?;
        self.change(|state| {
            let run = state.take_run();
            let record = InstanceRecord {
                run_spec,
                digest,
                port,
                port_moves: 0,
                run,
                start_at: now,
                state: InstanceState::Starting,
                since: now,
                asked_at: now,
                was_ready: false,
                restarts: 0,
                exits: Vec::new(),
                proof: None,
                ending: None,
                detail: "starting".to_owned(),
            };
            state.instances.insert(id.clone(), record);
        })?;
        Ok(port)
    }

    /// A port that nothing here uses: neither a live instance nor one that the proxy may still know.
    pub(super) fn free_port(&mut self, id: &InstanceId) -> Result<u16, RuntimeError> {
        let mut taken: BTreeSet<u16> =
            self.state.settings.iter().map(|settings| settings.listen.port()).collect();
        taken.extend(self.state.instances.values().map(|record| record.port));
        self.parts.runtime.lease_port(id, &taken)
    }

    /// Has the runtime start the run that was asked for. The release is verified again, each time.
    pub(super) fn launch(&mut self, id: &InstanceId) -> Result<(), Refusal> {
        let trusted = self.settings()?.trusted_keys.clone();
        let executable = self.parts.store.verify(&id.release, &trusted)?;
        self.launch_program(id, executable)
    }

    fn launch_program(&mut self, id: &InstanceId, executable: PathBuf) -> Result<(), Refusal> {
        let environment = self.settings()?.environment.to_string();
        let record = self.state.instances.get(id).expect("only known instances are launched");
        let process = record.process(id);
        let order = InstanceOrder::of_release(
            process,
            executable,
            record.digest,
            &record.run_spec,
            &environment,
            record.port,
        );
        let order = InstanceOrder { secrets: self.secrets.get(id).cloned().unwrap_or_default(), ..order };
        self.parts.runtime.start(&order, self.now)?;
        self.troubles.remove("runtime");
        Ok(())
    }
}

impl crate::state::HostState {
    /// Gives out the number of a new run.
    pub(super) fn take_run(&mut self) -> u64 {
        let run = self.next_run;
        self.next_run += 1;
        run
    }
}

impl From<RuntimeError> for Refusal {
    fn from(error: RuntimeError) -> Self {
        Self::new(error.reason(), error.to_string())
    }
}
