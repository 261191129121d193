//! Hooks.

use plimsoll_model::hook::{HookName, HookRun};

use crate::duration;

/// `hook pre-deploy failed after 0.2 s: exited with 3`.
pub(crate) fn clause(run: &HookRun) -> String {
    let took = duration::human(run.took.duration());
    if run.passed {
        format!("hook {} passed ({took})", run.hook)
    } else {
        format!("hook {} failed after {took}: {}", run.hook, run.ending)
    }
}

/// The same with what its failure means, for the moment when it happens.
pub(crate) fn with_meaning(run: &HookRun) -> String {
    match (run.passed, run.hook.decides()) {
        (true, _) => clause(run),
        (false, true) if run.hook == HookName::Migrate => {
            format!("{}; no request met the release", clause(run))
        }
        (false, true) => format!("{}; nothing has been changed", clause(run)),
        (false, false) => format!("{}; the rollout stays as it ended", clause(run)),
    }
}
