//! The reporter of terminals. What is finished stays and scrolls; the unfinished part below it redraws in place.
//!
//! Redrawing moves the cursor up over what was drawn and writes over it, line by line: no alternate screen, nothing is
//! cleared before its replacement is there, and whatever interrupts the command leaves the last picture behind.

use std::io::Write;

use plimsoll_model::Timestamp;
use plimsoll_model::event::{Event, News};

use crate::board::Board;
use crate::ending::{Ending, EndingStory};
use crate::line::{Line, width_of};
use crate::names::Names;
use crate::reporter::{ReportError, Reporter};
use crate::sink::Sink;
use crate::style::Style;
use crate::words::ending;

/// Build tools print thousands of lines a second; more often than this nobody can look.
const REDRAW_MILLIS: u64 = 100;
/// Finished lines that wait for the release's number. More are not held back.
const MOST_UNSEALED: usize = 8;

/// Draws on a terminal.
pub struct LiveReporter<W> {
    sink: Sink<W>,
    style: Style,
    board: Board,
    /// The first line and the gates before the release has its number, which then completes the first line.
    unsealed: Option<Vec<Line>>,
    /// Widths of the lines that the next redraw goes over.
    drawn: Vec<usize>,
    drawn_at: Timestamp,
}

impl<W: Write> LiveReporter<W> {
    /// A reporter that draws on `out`, which is a terminal of the style's size.
    pub fn new(out: W, style: Style) -> Self {
        let (sink, board, drawn_at) = (Sink::new(out), Board::default(), Timestamp::default());
        Self { sink, style, board, unsealed: None, drawn: vec![], drawn_at }
    }

    /// Releases that are known already are called by these names.
    #[must_use]
    pub fn knowing(mut self, names: Names) -> Self {
        self.board.names = names;
        self
    }

    /// The terminal has another size now.
    pub fn resize(&mut self, width: usize, height: usize) {
        self.style.width = Some(width);
        self.style.height = height;
        self.draw(&[]);
    }

    /// Lines that are true for good, on their way to the screen.
    fn place(&mut self, news: &News, lines: Vec<Line>) -> Vec<Line> {
        match (news, self.unsealed.take()) {
            (News::Begun { .. }, waiting) => {
                self.unsealed = Some(lines.into_iter().chain([Line::new()]).collect());
                waiting.unwrap_or_default()
            }
            (News::Sealed { .. }, Some(mut waiting)) => {
                for line in lines {
                    waiting[0].push(crate::palette::Role::Plain, " -> ");
                    waiting[0].append(line);
                }
                waiting
            }
            (_, Some(mut waiting)) => {
                waiting.extend(lines);
                if waiting.len() > MOST_UNSEALED {
                    return waiting;
                }
                self.unsealed = Some(waiting);
                vec![]
            }
            (News::Sealed { .. }, None) => {
                lines.into_iter().map(|line| with_head(crate::words::mark::Mark::Note.line(), line)).collect()
            }
            (_, None) => lines,
        }
    }

    /// Writes `finished` for good and the unfinished part below it, over the one drawn before.
    fn draw(&mut self, finished: &[Line]) {
        let mut text = self.go_up();
        for line in finished.iter().flat_map(|line| line.render(&self.style)) {
            put_line(&mut text, &line);
        }
        let open = self.open_lines();
        for line in &open {
            put_line(&mut text, line);
        }
        text.push_str("\x1b[J");
        self.sink.put(&text);
        self.drawn = open.iter().map(|line| shown_width(line)).collect();
    }

    /// What redraws, no higher than the screen: rows above its top cannot be reached again.
    fn open_lines(&self) -> Vec<String> {
        let waiting = self.unsealed.iter().flatten().cloned();
        let open: Vec<Line> = waiting.chain(self.board.unfinished(&self.style)).collect();
        let mut rows: Vec<String> = open.iter().flat_map(|line| line.render(&self.style)).collect();
        rows.truncate(self.style.height.saturating_sub(1).max(1));
        rows
    }

    /// Moves to the first row of what was drawn. A terminal made narrower has broken long rows into several.
    fn go_up(&self) -> String {
        let width = self.style.width.unwrap_or(usize::MAX).max(1);
        let rows: usize = self.drawn.iter().map(|drawn| drawn.div_ceil(width).max(1)).sum();
        if rows == 0 { String::new() } else { format!("\r\x1b[{rows}A") }
    }

    /// What is not finished and will not be by this command stays on the screen. The ending tells of a hold itself.
    fn leave_picture(&mut self, ending: &Ending) -> Vec<Line> {
        match ending.story {
            EndingStory::Waiting { .. } => self.board.forget_hold(),
            EndingStory::Stopped { .. } => {}
            _ => return vec![],
        }
        self.board.unfinished(&self.style)
    }
}

impl<W: Write> Reporter for LiveReporter<W> {
    fn event(&mut self, event: &Event) {
        let lines = self.board.take(event, &self.style);
        let finished = self.place(&event.news, lines);
        let passing = matches!(event.news, News::Output { .. });
        if passing && finished.is_empty() && event.at.since(self.drawn_at).as_millis() < REDRAW_MILLIS.into()
        {
            return;
        }
        self.drawn_at = event.at;
        self.draw(&finished);
    }

    fn tick(&mut self, now: Timestamp) {
        self.board.pass(now);
        self.draw(&[]);
    }

    fn finish(&mut self, ending: &Ending) -> Result<(), ReportError> {
        self.board.pass(ending.at);
        let mut last = self.unsealed.take().unwrap_or_default();
        last.extend(self.leave_picture(ending));
        last.extend(ending::lines(ending, self.board.told(), &self.style));
        self.board = Board::default();
        self.draw(&last);
        self.sink.finish()
    }
}

fn with_head(mut head: Line, line: Line) -> Line {
    head.append(line);
    head
}

/// Writes over a row and erases what is left of the old one. Rows never fill the last column, so the cursor is not at
/// its waiting place there and the erasing takes nothing with it.
fn put_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push_str("\x1b[K\n");
}

/// Columns of a rendered row; its colours take none.
fn shown_width(line: &str) -> usize {
    let mut shown = String::new();
    let mut rest = line;
    while let Some((before, tail)) = rest.split_once("\x1b[") {
        shown.push_str(before);
        rest = tail.split_once('m').map_or("", |(_, after)| after);
    }
    shown.push_str(rest);
    width_of(&shown)
}
