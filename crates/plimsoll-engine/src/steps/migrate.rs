//! Starts the hook `migrate` on a host, with the new release's program, environment and secrets.
//!
//! Undone by nothing: what it changed is its own affair; the way back only ends it where it still runs. Twice is safe:
//! its key is the rollout's, and the host runs a key once. How it ends is followed by [`Following`], a look at a time, so
//! that the rollout can be taken back meanwhile.

use std::collections::{BTreeMap, VecDeque};

use plimsoll_drivers::{Host, HostError};
use plimsoll_model::agent::{
    LogCursor, LogLine, LogStream, OnceOrder, OnceState, RefusalReason, Request, Response,
};
use plimsoll_model::hook::{HookName, HookRun};
use plimsoll_model::plan::Plan;
use plimsoll_model::{Fence, RolloutId, Span, Timestamp};
use plimsoll_plan::RolloutState;
use plimsoll_plan::state::MigrationStage;

use super::{Caller, StepError, start};
use crate::hooks::{KEPT_LINES, bounded};
use crate::{fleet, text};

pub(super) fn perform(call: &mut Caller) -> Result<(), StepError> {
    let plan = call.context.plan;
    let spec = plan.migration().ok_or(StepError::NotPlanned)?;
    let order = OnceOrder {
        key: key(&plan.rollout),
        rollout: Some(plan.rollout.clone()),
        release: Some(plan.release.clone()),
        instance: None,
        command: spec.command.clone(),
        variables: variables(plan),
        secrets: start::secrets(call, &plan.release)?,
        timeout: spec.timeout,
    };
    call.ask(Request::Once { order }).map(drop)
}

fn key(rollout: &RolloutId) -> String {
    format!("{}-{rollout}", HookName::Migrate)
}

/// What it is told beside what the agent tells every process that runs once.
fn variables(plan: &Plan) -> BTreeMap<String, String> {
    let replaces = plan.replaces.as_ref().map(ToString::to_string).unwrap_or_default();
    let values = [
        ("PLIMSOLL_HOOK", HookName::Migrate.to_string()),
        ("PLIMSOLL_SERVICE", plan.service.to_string()),
        ("PLIMSOLL_ROLLOUT", plan.rollout.to_string()),
        ("PLIMSOLL_KIND", text::kind_word(plan.kind).to_owned()),
        ("PLIMSOLL_REPLACES", replaces),
    ];
    values.map(|(name, value)| (name.to_owned(), value)).into()
}

/// What was seen of a hook that runs on a host. A coordinator that takes over begins anew, and reads its lines again.
#[derive(Default)]
pub(crate) struct Following {
    cursor: Option<LogCursor>,
    /// The newest lines, bounded.
    lines: VecDeque<String>,
}

/// What a look at it found.
pub(crate) enum Found {
    /// It may still run, or its host does not answer.
    Open,
    /// It is over.
    Over(HookRun),
    /// The host has seen a newer coordinator.
    Overtaken,
}

impl Following {
    /// Looks at the hook of a rollout on its host. On the way back it is ended first.
    pub(crate) fn look(
        &mut self,
        state: &RolloutState,
        host: &mut dyn Host,
        fence: Fence,
        now: Timestamp,
    ) -> Found {
        let Some(migration) = state.migration.as_ref().filter(|m| m.is_open()) else { return Found::Open };
        let (service, key) = (&state.plan.service, key(&state.plan.rollout));
        let run = |(ending, passed, last_lines)| {
            let took = Span::from(now.since(migration.since));
            Found::Over(HookRun { hook: HookName::Migrate, passed, ending, took, last_lines })
        };
        let gone = |ending: &str| run((ending.to_owned(), false, Vec::new()));
        if state.back.is_some() {
            // It also tells the host who is in command now: nothing that another one sent begins later.
            match host.call(service, Some(fence), Request::EndOnce { key: key.clone() }, &[]) {
                Ok(_) => {}
                Err(error) if fleet::is_stale(&error) => return Found::Overtaken,
                Err(error) if is_unknown(&error) => return gone("was not begun"),
                Err(_) => return Found::Open,
            }
        } else if migration.stage == MigrationStage::Asked {
            return Found::Open;
        }
        match host.call(service, None, Request::OnceState { key, after: self.cursor }, &[]) {
            Ok(Response::Once { state, lines, cursor, .. }) => {
                self.cursor = cursor.or(self.cursor);
                self.heard(state, lines).map_or(Found::Open, run)
            }
            Err(error) if is_unknown(&error) => gone("is not known to its host any more"),
            _ => Found::Open,
        }
    }

    /// How it ended, whether it passed, and what it printed last; `None` as long as more may come.
    fn heard(&mut self, state: OnceState, lines: Vec<LogLine>) -> Option<(String, bool, Vec<String>)> {
        let more = !lines.is_empty();
        self.keep(lines.into_iter().filter(|line| line.stream != LogStream::Agent).map(|line| line.text));
        match state {
            // Its last lines may have been written after its end was seen.
            OnceState::Ended { code, how } if !more => {
                Some((how, code == Some(0), self.lines.drain(..).collect()))
            }
            _ => None,
        }
    }

    fn keep(&mut self, lines: impl Iterator<Item = String>) {
        for line in lines {
            if self.lines.len() == KEPT_LINES {
                self.lines.pop_front();
            }
            self.lines.push_back(bounded(&line));
        }
    }
}

/// Whether the host has never heard of it.
fn is_unknown(error: &HostError) -> bool {
    matches!(error, HostError::Refused(refusal) if refusal.reason == RefusalReason::NotFound)
}
