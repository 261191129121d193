//! For `--quiet`: passes on only what a person must know, and the end.

use plimsoll_model::event::{Event, News};
use plimsoll_model::evidence::GateDecision;
use plimsoll_model::record::Entry;

use crate::ending::Ending;
use crate::reporter::{ReportError, Reporter};

/// A reporter in front of another that holds back what went well.
pub struct QuietReporter<R>(pub R);

impl<R: Reporter> Reporter for QuietReporter<R> {
    fn event(&mut self, event: &Event) {
        if is_needed(&event.news) {
            self.0.event(event);
        }
    }

    fn finish(&mut self, ending: &Ending) -> Result<(), ReportError> {
        self.0.finish(ending)
    }
}

fn is_needed(news: &News) -> bool {
    match news {
        News::Warning { .. } => true,
        News::GateFinished { evidence } => evidence.decision != GateDecision::Passed,
        News::Recorded { record } => match &record.entry {
            Entry::Held { .. }
            | Entry::GoingBack { .. }
            | Entry::ActionFailed { .. }
            | Entry::TakenOver { .. } => true,
            Entry::HookEnded { run } => !run.passed,
            _ => false,
        },
        _ => false,
    }
}
