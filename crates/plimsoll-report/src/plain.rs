//! The reporter of pipes and files: each line once, when it is true, with its time; no escape codes.
//!
//! Of a running rollout it tells what the journal records, changed weights, and at most every half minute where it
//! stands, so that a silent log means a silent engine.

use std::io::Write;
use std::time::Duration;

use plimsoll_model::event::{Event, News, RolloutView};
use plimsoll_model::record::{BackReason, Entry};
use plimsoll_model::verdict::Verdict;
use plimsoll_model::{ExitCode, Timestamp};

use crate::board::Board;
use crate::clock;
use crate::ending::Ending;
use crate::line::Line;
use crate::names::Names;
use crate::reporter::{ReportError, Reporter};
use crate::sink::Sink;
use crate::style::Style;
use crate::water;
use crate::words::mark::{INDENT, Mark};
use crate::words::{assessment, ending, entry, step};

const HEARTBEAT: Duration = Duration::from_secs(30);

/// Writes lines.
pub struct PlainReporter<W> {
    sink: Sink<W>,
    style: Style,
    board: Board,
    written_at: Timestamp,
    weights: String,
    verdicts: Vec<(String, Verdict)>,
}

impl<W: Write> PlainReporter<W> {
    /// A reporter that writes to `out`. Of the style, only `verbose` matters.
    pub fn new(out: W, style: Style) -> Self {
        let style = Style { verbose: style.verbose, ..Style::plain(style.zone) };
        Self {
            sink: Sink::new(out),
            style,
            board: Board::default(),
            written_at: Timestamp::default(),
            weights: String::new(),
            verdicts: vec![],
        }
    }

    /// Releases that are known already are called by these names.
    #[must_use]
    pub fn knowing(mut self, names: Names) -> Self {
        self.board.names = names;
        self
    }

    fn put(&mut self, at: Timestamp, line: &Line) {
        for text in line.render(&self.style).iter().filter(|text| !text.is_empty()) {
            // Marked lines begin with two blanks already.
            let text = text.strip_prefix("  ").unwrap_or(text);
            self.sink.put(&format!("{}  {text}\n", clock::stamp(at)));
            self.written_at = at;
        }
    }

    fn told(&mut self, at: Timestamp, text: impl AsRef<str>) {
        self.put(at, &Line::text(" ".repeat(INDENT)).plain(text));
    }

    fn recorded(&mut self, at: Timestamp, record: &Entry) {
        match record {
            Entry::StepEntered { step } => {
                let text = self.entered(*step);
                self.told(at, text);
            }
            Entry::Assessed { assessment } => {
                self.verdict(at, &assessment.analysis, assessment.verdict, record);
            }
            // The word of the person who asked for it has its line.
            Entry::GoingBack { reason: BackReason::Aborted { .. } } => {}
            Entry::StepDone { .. }
            | Entry::Held { .. }
            | Entry::GoingBack { .. }
            | Entry::Promoting { .. } => {
                let text = entry::clause(record, &self.board.names);
                self.told(at, text);
            }
            Entry::Performed { .. } | Entry::LeaseTaken { .. } if self.style.verbose => {
                let text = entry::clause(record, &self.board.names);
                self.told(at, text);
            }
            _ => {}
        }
    }

    fn entered(&self, index: u32) -> String {
        let steps = self.board.rollout.as_ref().map_or(&[][..], |rollout| &rollout.steps);
        match steps.get(index as usize) {
            Some(declared) => {
                format!("step {} of {}: {}", index.saturating_add(1), steps.len(), step::clause(declared))
            }
            None => format!("step {}", index.saturating_add(1)),
        }
    }

    fn verdict(&mut self, at: Timestamp, analysis: &str, verdict: Verdict, record: &Entry) {
        let before = self.verdicts.iter_mut().find(|(name, _)| name == analysis);
        match before {
            Some((_, before)) if *before == verdict => return,
            Some((_, before)) => *before = verdict,
            None if verdict == Verdict::Undecided => return,
            None => self.verdicts.push((analysis.to_owned(), verdict)),
        }
        if self.style.verbose {
            let text = entry::clause(record, &self.board.names);
            self.told(at, text);
        } else if let (Entry::Assessed { assessment }, false) = (record, verdict == Verdict::CanaryRegression)
        {
            // A regression is the reason to go back, told next.
            self.told(at, entry::assessed_briefly(assessment));
        }
    }

    fn watching(&mut self, at: Timestamp, view: &RolloutView) {
        let weights = water::weights(view);
        if weights != self.weights {
            self.told(at, &weights);
            self.weights = weights;
        } else if at.since(self.written_at) >= HEARTBEAT {
            let steps = self.board.rollout.as_ref().map_or(&[][..], |rollout| &rollout.steps);
            let text = heartbeat(view, &water::step_clause(view, steps, Duration::ZERO), &self.style);
            self.told(at, text);
        }
    }
}

impl<W: Write> Reporter for PlainReporter<W> {
    fn event(&mut self, event: &Event) {
        for line in self.board.take(event, &self.style) {
            self.put(event.at, &line);
        }
        match &event.news {
            News::Recorded { record } => self.recorded(event.at, &record.entry),
            News::Watching { view } => self.watching(event.at, view),
            News::RolloutStarted { environment, release, replaces, .. } => {
                self.weights.clear();
                self.verdicts.clear();
                let (line, _) = Mark::Running.named(environment.as_str());
                let course = match replaces {
                    Some(old) => format!("{release} replaces {old}"),
                    None => release.to_string(),
                };
                self.put(event.at, &line.plain(course));
            }
            _ => {}
        }
    }

    fn finish(&mut self, ending: &Ending) -> Result<(), ReportError> {
        for line in ending::lines(ending, self.board.told(), &self.style) {
            self.put(ending.at, &line);
        }
        if ending.exit != ExitCode::Success {
            let text = format!("exit {}: {}", ending.exit.number(), ending.exit.meaning());
            self.put(ending.at, &Line::text(text));
        }
        self.sink.finish()
    }
}

/// Where the rollout stands, in one line.
fn heartbeat(view: &RolloutView, step: &str, style: &Style) -> String {
    let canary = view.canary.release.to_string();
    let mut stands = vec![step.to_owned()];
    for seen in &view.assessments {
        let pieces = assessment::pieces(seen, &canary);
        let pieces: Vec<String> = pieces.iter().flat_map(|piece| piece.render(style)).collect();
        stands.push(format!("{}: {}", seen.analysis, pieces.join(", ")));
    }
    stands.join("; ")
}
