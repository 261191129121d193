//! What every reader of events is: something that is told, and that is asked once at the end how it went.

use std::io;

use plimsoll_model::Timestamp;
use plimsoll_model::event::Event;

use crate::ending::Ending;

/// A reader of events. It never fails while work goes on.
pub trait Reporter {
    /// Something happened. Must not panic and must not wait for long; errors are kept for [`Reporter::finish`].
    fn event(&mut self, event: &Event);

    /// Time passed and nothing happened: clocks that are shown go on. Readers without clocks ignore it.
    fn tick(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// The command is over. Says how, and surfaces the first error of the writer, once.
    fn finish(&mut self, ending: &Ending) -> Result<(), ReportError>;
}

/// The report could not be written. What it reports on is not affected.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The writer broke. A pipe whose reader has gone is `io::ErrorKind::BrokenPipe`, and no reason to complain.
    #[error("the report could not be written; the work itself is not affected")]
    Write {
        /// The first error.
        #[source]
        source: io::Error,
    },
    /// A value has no JSON.
    #[error("an event could not be written as JSON; the work itself is not affected")]
    Encode {
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}
