//! Processes that run once: a migration, or a command of the operator's. They run as the instances do, with the
//! release's environment and secrets, and take no traffic.
//!
//! A key names one for good: asked for again it is not run again, and what came of it is told. The order is saved
//! before it is carried out, so an agent that dies in between leaves one that the next agent starts; the runtime
//! executes each run at most once. Its time is over when the host's clock says so, whoever still looks on.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_model::agent::{LogCursor, OnceOrder, OnceState, Refusal, RefusalReason, Response};
use plimsoll_model::release::{RunSpec, SecretReference};
use plimsoll_model::{InstanceId, ReleaseId, Secret, Span, Timestamp};

use super::Agent;
use crate::runtime::{Exit, OnceProcess, ProcessHandle, ProcessStatus, Signal};
use crate::state::{HostState, OnceEnding, OnceRecord};

/// Time between SIGTERM and SIGKILL when its time is over.
const STOP_TIME: Duration = Duration::from_secs(5);
/// How many that have ended are remembered: of those that belong to rollouts, and of the others.
const REMEMBERED: usize = 32;
/// The longest that one may take.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl Agent {
    /// Starts it, unless it was started before.
    pub(super) fn once(&mut self, order: OnceOrder) -> Result<Response, Refusal> {
        check(&order)?;
        if !self.state.once.contains_key(&order.key) {
            self.begin_once(&order)?;
        }
        self.tick_once();
        self.once_state(&order.key, None)
    }

    /// What became of it, and what it printed after `after`.
    pub(super) fn once_state(&mut self, key: &str, after: Option<LogCursor>) -> Result<Response, Refusal> {
        let unknown =
            || Refusal::new(RefusalReason::NotFound, format!("nothing runs or ran as `{key}` here"));
        let record = self.state.once.get(key).ok_or_else(unknown)?;
        let (instance, state) = (record.instance.clone(), state_of(record));
        let release = instance.release.clone();
        let (lines, cursor) = self.read_logs(None, Some(instance), u32::MAX, after)?;
        Ok(Response::Once { state, release, lines, cursor })
    }

    fn begin_once(&mut self, order: &OnceOrder) -> Result<(), Refusal> {
        let release = self.release_for(order)?;
        let trusted = self.settings()?.trusted_keys.clone();
        let executable = self.parts.store.verify(&release, &trusted)?;
        let (run_spec, _) = self.run_spec(&InstanceId::new(release.clone(), 0))?;
        let secrets = self.once_secrets(order, &release, &run_spec)?;
        let environment = self.settings()?.environment.to_string();
        let mut variables = run_spec.variables.clone();
        variables.extend(order.variables.clone());
        variables.insert("PLIMSOLL_RELEASE".to_owned(), release.to_string());
        variables.insert("PLIMSOLL_ENVIRONMENT".to_owned(), environment);
        variables.insert("PLIMSOLL_ARTIFACT".to_owned(), executable.display().to_string());
        if let Some(number) = order.instance {
            let (id, port) = self.port_of(&release, number)?;
            variables.insert("PLIMSOLL_INSTANCE".to_owned(), id.to_string());
            variables.insert("PORT".to_owned(), port.to_string());
        }
        let artifact = executable.display().to_string();
        let command = order.command.iter().map(|word| word.replace("{artifact}", &artifact)).collect();
        let (now, timeout) = (self.now, order.timeout.duration().min(LONGEST));
        self.forget_old_onces();
        let run = self.state.next_run;
        let instance = InstanceId::once(release, run);
        self.put_secrets(&instance, secrets)?;
        let (key, rollout) = (order.key.clone(), order.rollout.clone());
        self.change(|state| {
            let run = state.take_run();
            let record = OnceRecord {
                instance,
                run,
                rollout,
                command,
                variables,
                run_spec,
                started: now,
                until: now + timeout,
                kill_at: None,
                cut_short: false,
                ended: None,
            };
            state.once.insert(key, record);
        })?;
        Ok(())
    }

    fn release_for(&self, order: &OnceOrder) -> Result<ReleaseId, Refusal> {
        let release = order.release.clone().or_else(|| self.state.current.clone());
        release.ok_or_else(|| {
            Refusal::new(RefusalReason::Precondition, "no release is current here")
                .with_help("name one that is here, or deploy one first")
        })
    }

    fn port_of(&self, release: &ReleaseId, number: u32) -> Result<(InstanceId, u16), Refusal> {
        let id = InstanceId::new(release.clone(), number);
        let live = self.state.instances.get(&id).filter(|record| record.state.is_live());
        let port = live
            .map(|record| record.port)
            .ok_or_else(|| Refusal::new(RefusalReason::NotFound, format!("no instance {id} runs here")))?;
        Ok((id, port))
    }

    /// The values of the release's secrets: those that were sent, those of an instance that has them, those in files.
    fn once_secrets(
        &mut self,
        order: &OnceOrder,
        release: &ReleaseId,
        run_spec: &RunSpec,
    ) -> Result<BTreeMap<String, Secret>, Refusal> {
        let mut values = BTreeMap::new();
        for (variable, reference) in &run_spec.secrets {
            let held = || {
                let of = |id: &InstanceId| id.release == *release && !id.is_once();
                let kept = self.secrets.iter().filter(|(id, _)| of(id));
                kept.rev().find_map(|(_, values)| values.get(variable).cloned())
            };
            let value = match reference {
                SecretReference::File(path) => self.parts.runtime.read_secret(std::path::Path::new(path))?,
                SecretReference::Env(name) => {
                    order.secrets.get(variable).cloned().or_else(held).ok_or_else(|| {
                        let why =
                            format!("the secret for `{variable}` was not sent, and no instance here has it");
                        Refusal::new(RefusalReason::Precondition, why)
                            .with_help(format!("set `{name}` in the environment of the command"))
                    })?
                }
            };
            values.insert(variable.clone(), value);
        }
        Ok(values)
    }

    /// Time passing for those that run.
    pub(super) fn tick_once(&mut self) {
        let running = self.state.once.iter().filter(|(_, record)| record.ended.is_none());
        for key in running.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            self.tick_one(&key);
        }
    }

    fn tick_one(&mut self, key: &str) {
        let Some(record) = self.state.once.get(key).cloned() else { return };
        let process = record.process();
        match self.parts.runtime.status(&process, self.now) {
            // The runtime is asked once more and no oftener: an order that is too old is not carried out late.
            ProcessStatus::Absent if self.now < record.until => self.launch_once(key, &record),
            ProcessStatus::Absent => {
                self.once_ended(key, &Exit::NotStarted { why: "its time was over".to_owned() });
            }
            ProcessStatus::Exited(exit) => self.once_ended(key, &exit),
            ProcessStatus::Launching | ProcessStatus::Running { .. } => self.bound_once(key, &record),
        }
    }

    fn launch_once(&mut self, key: &str, record: &OnceRecord) {
        let process = OnceProcess {
            process: record.process(),
            command: record.command.clone(),
            variables: record.variables.clone(),
            secrets: self.secrets.get(&record.instance).cloned().unwrap_or_default(),
            run_spec: record.run_spec.clone(),
            timeout: Span::from(record.until.since(record.started)),
        };
        if let Err(error) = self.parts.runtime.start_once(&process, self.now) {
            self.once_ended(key, &Exit::NotStarted { why: error.to_string() });
        }
    }

    /// Ends one whose time is over.
    fn bound_once(&mut self, key: &str, record: &OnceRecord) {
        let now = self.now;
        let signal = match record.kill_at {
            None if now >= record.until => Signal::Terminate,
            Some(kill_at) if now >= kill_at => Signal::Kill,
            _ => return,
        };
        if signal == Signal::Terminate {
            self.insist(|state| {
                state.once.entry(key.to_owned()).and_modify(|record| record.kill_at = Some(now + STOP_TIME));
            });
        }
        if let Err(error) = self.parts.runtime.signal(&record.process(), signal) {
            self.troubles.insert("runtime", error.to_string());
        }
    }

    fn once_ended(&mut self, key: &str, exit: &Exit) {
        let now = self.now;
        let Some(record) = self.state.once.get(key) else { return };
        let (instance, process) = (record.instance.clone(), record.process());
        let took = Span::from(record.until.since(record.started));
        let how = match record.kill_at {
            Some(_) if record.cut_short => "was ended because somebody asked for it".to_owned(),
            Some(_) => format!("took longer than {took} and was ended"),
            None => exit.describe(&record.run_spec.limits),
        };
        let code = match exit {
            Exit::Code { code } if record.kill_at.is_none() => Some(*code),
            _ => None,
        };
        // What it left behind in its group is ended too.
        let _ = self.parts.runtime.signal(&process, Signal::Kill);
        let ended = OnceEnding { code, how: how.clone(), at: now };
        let saved = self.change(|state| {
            state.once.entry(key.to_owned()).and_modify(|record| record.ended = Some(ended));
        });
        match saved {
            Ok(()) => self.parts.runtime.note(&instance, now, &how),
            // The next tick finds it ended again.
            Err(error) => drop(self.troubles.insert("state", error.to_string())),
        }
    }

    /// Ends one before its time. Nothing happens where it is over.
    pub(super) fn end_once(&mut self, key: &str) -> Result<Response, Refusal> {
        let now = self.now;
        if !self.state.once.contains_key(key) {
            return Err(Refusal::new(
                RefusalReason::NotFound,
                format!("nothing runs or ran as `{key}` here"),
            ));
        }
        self.change(|state| {
            state.once.entry(key.to_owned()).and_modify(|record| record.end_by(now));
        })?;
        self.tick_once();
        Ok(Response::Done)
    }

    /// Ends those that run: the service is being stopped.
    pub(super) fn stop_onces(&mut self) -> Result<(), Refusal> {
        let now = self.now;
        self.change(|state| {
            state.once.values_mut().for_each(|record| record.end_by(now));
        })?;
        self.tick_once();
        Ok(())
    }

    /// Forgets the oldest, so that neither the state nor the logs grow without end.
    fn forget_old_onces(&mut self) {
        for of_rollouts in [true, false] {
            let is_of =
                |record: &OnceRecord| record.ended.is_some() && record.rollout.is_some() == of_rollouts;
            let mut old: Vec<_> = self.state.once.iter().filter(|(_, record)| is_of(record)).collect();
            old.sort_by_key(|(_, record)| std::cmp::Reverse(record.run));
            let old: Vec<_> = old.into_iter().skip(REMEMBERED - 1).map(|(key, _)| key.clone()).collect();
            self.forget_onces(&old);
        }
    }

    /// Forgets those of releases that are being removed.
    pub(super) fn forget_onces_of(&mut self, release: &ReleaseId) {
        let of = self.state.once.iter().filter(|(_, record)| record.instance.release == *release);
        let keys: Vec<_> = of.map(|(key, _)| key.clone()).collect();
        self.forget_onces(&keys);
    }

    fn forget_onces(&mut self, keys: &[String]) {
        for key in keys {
            let Some(instance) = self.state.once.get(key).map(|record| record.instance.clone()) else {
                continue;
            };
            self.insist(|state| drop(state.once.remove(key)));
            self.parts.runtime.forget(&instance);
            // The values go with their process's name; where that cannot be saved, the next one's saving does it.
            self.secrets.remove(&instance);
            let _ = self.parts.state.save_secrets(&self.secrets);
        }
    }

    fn put_secrets(&mut self, id: &InstanceId, values: BTreeMap<String, Secret>) -> Result<(), Refusal> {
        if values.is_empty() {
            return Ok(());
        }
        let mut next = self.secrets.clone();
        next.insert(id.clone(), values);
        self.parts.state.save_secrets(&next)?;
        self.secrets = next;
        Ok(())
    }
}

impl OnceRecord {
    pub(super) fn process(&self) -> ProcessHandle {
        ProcessHandle { instance: self.instance.clone(), run: self.run }
    }

    /// Takes the rest of its time away.
    fn end_by(&mut self, now: Timestamp) {
        if self.ended.is_none() && self.until > now {
            (self.until, self.cut_short) = (now, true);
        }
    }
}

impl HostState {
    /// Whether anything of the kind runs.
    pub(crate) fn runs_once(&self) -> bool {
        self.once.values().any(|record| record.ended.is_none())
    }

    /// No end may be further away than it was: the clock may have been set back.
    pub(super) fn bound_onces(&mut self, now: Timestamp) {
        for record in self.once.values_mut().filter(|record| record.ended.is_none()) {
            let timeout = record.until.since(record.started);
            record.started = record.started.min(now);
            record.until = record.until.min(now + timeout);
            record.kill_at = record.kill_at.map(|at| at.min(now + STOP_TIME));
        }
    }
}

fn state_of(record: &OnceRecord) -> OnceState {
    match &record.ended {
        None => OnceState::Running { until: record.until },
        Some(OnceEnding { code, how, .. }) => OnceState::Ended { code: *code, how: how.clone() },
    }
}

fn check(order: &OnceOrder) -> Result<(), Refusal> {
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    let invalid = |why: &str| Err(Refusal::new(RefusalReason::Invalid, why));
    if !(1..=100).contains(&order.key.len()) || !order.key.bytes().all(is_key) {
        return invalid("the key of a process that runs once has 1 to 100 of letters, digits, `-`, `.`");
    }
    if order.command.first().is_none_or(|program| program.trim().is_empty()) {
        return invalid("a process that runs once needs a program");
    }
    if order.timeout.duration().is_zero() {
        return invalid("a process that runs once needs time");
    }
    Ok(())
}
