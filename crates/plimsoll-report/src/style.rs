//! How text is to look. The caller decides: whether this is a terminal, how wide, whether `NO_COLOR` is set.

use jiff::tz::TimeZone;
use plimsoll_model::Timestamp;

use crate::clock;

/// What the destination can show.
#[derive(Debug, Clone)]
pub struct Style {
    /// Whether colours are wanted.
    pub colour: bool,
    /// Columns; absent where lines are not cut (pipes, files).
    pub width: Option<usize>,
    /// Rows. The part that redraws stays below that, since nothing above the first row can be reached.
    pub height: usize,
    /// Whether characters beyond ASCII can be shown (they are used sparingly: the mark of a cut).
    pub unicode: bool,
    /// Whether every line of output of builds and tests is shown.
    pub verbose: bool,
    /// The time zone of screens.
    pub zone: TimeZone,
}

/// Narrower than this nothing useful can be laid out; the terminal's own wrapping does no more harm.
const NARROWEST: usize = 20;

impl Style {
    /// For a terminal of so many columns and rows, in colour.
    pub fn terminal(width: usize, height: usize, zone: TimeZone) -> Self {
        Self { colour: true, width: Some(width), height, unicode: true, verbose: false, zone }
    }

    /// For a pipe or a file: no colour, no width.
    pub fn plain(zone: TimeZone) -> Self {
        Self { colour: false, width: None, height: 24, unicode: false, verbose: false, zone }
    }

    /// Columns that may be written to. One less than the terminal has: a full line leaves the cursor waiting at
    /// its end, where erasing would take the last character with it.
    pub(crate) fn columns(&self) -> Option<usize> {
        self.width.map(|width| width.max(NARROWEST) - 1)
    }

    /// Stands for what was cut.
    pub(crate) fn cut_mark(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }
}

/// Times: local and short where a person looks on, with their zone where the text may end in a file.
impl Style {
    /// The time of day.
    pub(crate) fn time(&self, at: Timestamp) -> String {
        if self.width.is_some() { clock::time_of_day(at, &self.zone) } else { clock::stamp(at) }
    }

    /// A moment, seen from `now`.
    pub fn moment(&self, at: Timestamp, now: Timestamp) -> String {
        if self.width.is_some() { clock::moment(at, now, &self.zone) } else { clock::stamp(at) }
    }
}
