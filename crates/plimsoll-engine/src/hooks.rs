//! Hooks: the project's own programs at moments of a rollout.
//!
//! A rollout writes down which hooks it owes. Each run is written before and after; one that ended is never run again,
//! one that was cut off is run again by the command that takes over, which tells it so (`PLIMSOLL_ATTEMPT`). Only
//! `pre-deploy` decides anything here (`migrate` does on a host, see `steps/migrate.rs`): where it fails, the rollout goes back before it has changed a host. The others tell of
//! what has happened, and their failure changes neither outcome nor exit code.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use plimsoll_drivers::command::{self, CommandOrder, Commands, Mask, Outcome as CommandOutcome};
use plimsoll_model::hook::{HookName, HookRun, HookSpec, Hooks};
use plimsoll_model::plan::Plan;
use plimsoll_model::record::{BackReason, Entry, Outcome, Record};
use plimsoll_model::release::SecretReference;
use plimsoll_model::{ReleaseId, RolloutId, Span, Timestamp};
use plimsoll_plan::RolloutState;

use crate::deploy::{DeployError, Deployment};
use crate::history::History;
use crate::journal::{JournalError, Query, RENEW_EVERY};
use crate::rollout::RunEnd;
use crate::text;

/// Lines of a hook's output that its record keeps.
pub(crate) const KEPT_LINES: usize = 20;
/// Bytes of one of them.
const KEPT_BYTES: usize = 400;

/// The declared hooks and what runs them.
#[derive(Clone, Copy)]
pub struct HookRunner<'a> {
    /// What is declared.
    pub hooks: &'a Hooks,
    /// The folder that they run in: that of the configuration file.
    pub folder: &'a Path,
    /// Runs those that stand before a change; ends them at Ctrl-C.
    pub commands: &'a dyn Commands,
    /// Runs those that tell of one; Ctrl-C took the rollout back, and that shall be told.
    pub told_by: &'a dyn Commands,
}

/// What a hook is told about how the rollout ended.
#[derive(Debug, Clone, Default)]
struct End {
    outcome: &'static str,
    reason: String,
}

impl Deployment<'_, '_> {
    /// What a rollout owes, written once at its beginning.
    pub(crate) fn promise_hooks(&mut self, rollout: &RolloutId) -> Result<(), JournalError> {
        let hooks: Vec<_> = self.actor.hooks.iter().flat_map(|runner| runner.hooks.keys().copied()).collect();
        if !hooks.is_empty() {
            self.world.record(&self.lease, Some(rollout), Entry::HooksDue { hooks })?;
        }
        Ok(())
    }

    /// Runs `pre-deploy` unless it has ended before or the rollout goes back anyway. Where it fails, that is why the
    /// rollout goes back, and nothing has been changed.
    pub(crate) fn before(&mut self, state: &mut RolloutState) -> Result<(), DeployError> {
        if state.back.is_some() || state.abort.is_some() || !state.committed.is_empty() {
            return Ok(());
        }
        let hook = HookName::PreDeploy;
        if let Some(run) = self.hook(&state.plan, state.began, hook, &End::default())?
            && !run.passed
        {
            let reason =
                BackReason::ActionFailed { action: format!("pass the hook `{hook}`"), error: run.ending };
            let rollout = state.plan.rollout.clone();
            self.world.record(&self.lease, Some(&rollout), Entry::GoingBack { reason })?;
        }
        // What was written meanwhile, and what people asked for.
        let known = state.sequence;
        for record in self.records(&state.plan.rollout)?.iter().filter(|r| r.sequence > known) {
            state.apply(record).map_err(crate::rollout::RunError::from)?;
        }
        Ok(())
    }

    /// Runs the hook that tells how the rollout ended, or that it waits.
    pub(crate) fn after(&mut self, plan: &Plan, began: Timestamp, end: &RunEnd) -> Result<(), DeployError> {
        let (hook, end) = match end {
            RunEnd::Over(outcome) => (HookName::of_end(*outcome), self.end_of(&plan.rollout, *outcome)?),
            RunEnd::Held(wait) => {
                (HookName::Held, End { outcome: "held", reason: format!("waits for {}", wait.waiting_for) })
            }
        };
        self.hook(plan, began, hook, &end)?;
        Ok(())
    }

    /// Runs what the environment's last rollout owes since the command that ended it died. Before anything else is done.
    pub(crate) fn settle_hooks(&mut self, history: &History) -> Result<(), DeployError> {
        let of_here = |plan: &Plan| plan.environment == self.environment.name;
        let Some(last) = history.rollouts.iter().rev().find(|r| of_here(&r.plan)) else { return Ok(()) };
        let Some((outcome, _)) = last.ended else { return Ok(()) };
        let end = self.end_of(&last.plan.rollout, outcome)?;
        self.hook(&last.plan, last.began, HookName::of_end(outcome), &end)?;
        Ok(())
    }

    fn end_of(&mut self, rollout: &RolloutId, outcome: Outcome) -> Result<End, JournalError> {
        let records = self.records(rollout)?;
        let back = records.iter().rev().find_map(|r| match &r.entry {
            Entry::GoingBack { reason } => Some(text::back_reason(reason)),
            _ => None,
        });
        let summary = records.iter().rev().find_map(|r| match &r.entry {
            Entry::Finished { summary, .. } => Some(summary.clone()),
            _ => None,
        });
        Ok(End { outcome: text::outcome_word(outcome), reason: back.or(summary).unwrap_or_default() })
    }

    /// Runs one hook of a rollout if the rollout owes it: `None` where it is not declared. One that has ended is not run
    /// again; what came of it is answered. A person may be waited for more than once.
    fn hook(
        &mut self,
        plan: &Plan,
        began: Timestamp,
        hook: HookName,
        end: &End,
    ) -> Result<Option<HookRun>, JournalError> {
        let records = self.records(&plan.rollout)?;
        let owed =
            records.iter().any(|r| matches!(&r.entry, Entry::HooksDue { hooks } if hooks.contains(&hook)));
        let ended = records.iter().rev().find_map(|r| match &r.entry {
            Entry::HookEnded { run } if run.hook == hook => Some((**run).clone()),
            _ => None,
        });
        if ended.is_some() && hook != HookName::Held {
            return Ok(ended);
        }
        let Some(runner) = self.actor.hooks.filter(|_| owed) else { return Ok(None) };
        let Some(spec) = runner.hooks.get(&hook) else { return Ok(None) };
        let order = self.order(plan, began, hook, end, attempt(&records, hook), spec, runner.folder)?;
        let mask = self.mask(plan);
        let rollout = Some(&plan.rollout);
        let command = mask.apply(&command::shown(&bare(&order)), false).into_owned();
        self.world.record(&self.lease, rollout, Entry::HookStarted { hook, command })?;
        let outcome = self.run_renewing(runner, hook, &order)?;
        let run = HookRun {
            hook,
            passed: outcome.success(),
            ending: outcome.ending.to_string(),
            took: Span::from(outcome.took),
            last_lines: outcome.last_lines.iter().map(|line| bounded(&mask.apply(line, true))).collect(),
        };
        self.world.record(&self.lease, rollout, Entry::HookEnded { run: Box::new(run.clone()) })?;
        Ok(Some(run))
    }

    /// Runs the hook on a thread of its own, since the lease must not run out meanwhile.
    fn run_renewing(
        &mut self,
        runner: HookRunner<'_>,
        hook: HookName,
        order: &CommandOrder,
    ) -> Result<CommandOutcome, JournalError> {
        let commands = if hook.decides() { runner.commands } else { runner.told_by };
        std::thread::scope(|scope| {
            let (done, waiting) = mpsc::channel();
            scope.spawn(move || drop(done.send(commands.run(order, &mut |_| {}))));
            loop {
                match waiting.recv_timeout(RENEW_EVERY.min(Duration::from_secs(2))) {
                    Ok(outcome) => return Ok(outcome),
                    // The hook goes on, and its end is waited for in any case.
                    Err(RecvTimeoutError::Timeout) => {
                        self.world.journal.renew(&self.lease, self.world.clock.now())?;
                    }
                    Err(RecvTimeoutError::Disconnected) => unreachable!("the thread sends before it ends"),
                }
            }
        })
    }

    #[expect(clippy::too_many_arguments, reason = "each stands in the hook's environment")]
    fn order(
        &mut self,
        plan: &Plan,
        began: Timestamp,
        hook: HookName,
        end: &End,
        attempt: usize,
        spec: &HookSpec,
        folder: &Path,
    ) -> Result<CommandOrder, JournalError> {
        let history = self.history()?;
        let number = |release: &ReleaseId| history.find(release).map(|r| r.number.to_string());
        let commit = history.find(&plan.release).and_then(|r| r.commit.clone());
        let hosts: Vec<&str> = plan.hosts.iter().map(|h| h.host.as_str()).collect();
        let seconds = self.world.clock.now().since(began).as_secs();
        let replaces = plan.replaces.as_ref();
        let (program, args) = spec.command.split_first().expect("a command is never empty");
        let mut order = CommandOrder::new(program, folder).args(args).timeout(spec.timeout.duration());
        order.keep_lines = KEPT_LINES;
        let values: [(&str, String); 16] = [
            ("PLIMSOLL_HOOK", hook.to_string()),
            ("PLIMSOLL_SERVICE", plan.service.to_string()),
            ("PLIMSOLL_ENVIRONMENT", plan.environment.to_string()),
            ("PLIMSOLL_ROLLOUT", plan.rollout.to_string()),
            ("PLIMSOLL_KIND", text::kind_word(plan.kind).to_owned()),
            ("PLIMSOLL_RELEASE", plan.release.to_string()),
            ("PLIMSOLL_RELEASE_NUMBER", number(&plan.release).unwrap_or_default()),
            ("PLIMSOLL_COMMIT", commit.unwrap_or_default()),
            ("PLIMSOLL_REPLACES", replaces.map(ToString::to_string).unwrap_or_default()),
            ("PLIMSOLL_REPLACES_NUMBER", replaces.and_then(number).unwrap_or_default()),
            ("PLIMSOLL_HOSTS", hosts.join(",")),
            ("PLIMSOLL_OUTCOME", end.outcome.to_owned()),
            ("PLIMSOLL_REASON", end.reason.clone()),
            ("PLIMSOLL_PERFORMER", self.world.author.clone()),
            ("PLIMSOLL_RUNTIME_SECONDS", seconds.to_string()),
            ("PLIMSOLL_ATTEMPT", attempt.to_string()),
        ];
        order.variables.extend(values.map(|(name, value)| (name.to_owned(), value)));
        Ok(order)
    }

    /// The values of the secrets that the instances get: a hook may know them too, and its record shall not.
    fn mask(&self, plan: &Plan) -> Mask {
        let secrets = plan.run.secrets.values().filter_map(|reference| match reference {
            SecretReference::Env(from) => self.world.secrets.variable(from),
            SecretReference::File(_) => None,
        });
        let values: Vec<_> = secrets.collect();
        Mask::of_values(values.iter().map(plimsoll_model::Secret::expose))
    }

    fn records(&mut self, rollout: &RolloutId) -> Result<Vec<Record>, JournalError> {
        self.world.journal.read(&Query { rollout: Some(rollout.clone()), ..Query::default() })
    }
}

/// Runs of the hook that were begun and not ended, and this one.
fn attempt(records: &[Record], hook: HookName) -> usize {
    records.iter().fold(1, |attempt, r| match &r.entry {
        Entry::HookStarted { hook: started, .. } if *started == hook => attempt + 1,
        Entry::HookEnded { run } if run.hook == hook => 1,
        _ => attempt,
    })
}

/// The order without our variables, for its line in the journal.
fn bare(order: &CommandOrder) -> CommandOrder {
    CommandOrder { variables: std::collections::BTreeMap::new(), ..order.clone() }
}

/// A line as a record keeps it.
pub(crate) fn bounded(line: &str) -> String {
    match line.char_indices().nth(KEPT_BYTES) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}
