//! Events, records and evidence as text for people and as JSON for programs.
//!
//! Nothing here acts, reads a clock or an environment, or prints by itself: reporters write to the writer that they
//! are handed, and every other function returns text. A writer that breaks is noted, written to no more, and
//! surfaced once by [`Reporter::finish`]; the work that is reported on goes on.
//!
//! A newcomer reads [`reporter`] (the trait), [`live`], [`plain`] and [`json_lines`] (its three readers), then
//! `board` (what they remember between events), `words` (how each thing is said) and `line` (how it is fitted and
//! coloured). The texts of single commands are one file each: [`mod@status`], [`history`],
//! [`mod@rollout_history`], [`mod@audit`], [`mod@doctor`], [`mod@check`] (with [`mod@sarif`], [`mod@junit`] and
//! [`annotations`] beside it), [`mod@inspect`], [`mod@bundle`], [`logs`], [`plan_text`], [`exit_codes`].

pub mod annotations;
pub mod audit;
mod board;
pub mod bundle;
pub mod check;
pub mod clock;
pub mod doctor;
pub mod duration;
pub mod ending;
pub mod exit_codes;
mod flow;
pub mod history;
pub mod hook_variables;
pub mod inspect;
pub mod json_lines;
pub mod junit;
mod line;
pub mod live;
pub mod logs;
pub mod names;
pub mod number;
pub mod palette;
pub mod plain;
pub mod plan_text;
pub mod quiet;
pub mod rate;
pub mod reporter;
pub mod rollout_history;
pub mod sarif;
mod sink;
pub mod status;
pub mod style;
mod table;
pub mod timeline;
pub mod trail;
pub mod visible;
pub(crate) mod water;
mod words;

// So that the scripts below mean the same to the tests here and to `examples/replay.rs`.
#[cfg(test)]
extern crate self as plimsoll_report;
#[cfg(test)]
mod any_order;
#[cfg(test)]
mod emulator;
#[cfg(test)]
mod finding_fixtures;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod whole_runs;

pub use annotations::{github, gitlab};
pub use audit::{ChainCheck, audit};
pub use bundle::bundle;
pub use check::{CheckView, check, check_json};
pub use doctor::{DoctorView, doctor};
pub use ending::{Ending, EndingStory, Gap, Hint, TimelineEntry, UsersHit};
pub use exit_codes::exit_codes_markdown;
pub use history::{HistoryEntry, ServiceHistory, service_history};
pub use hook_variables::{hook_variables_markdown, migrate_variables_markdown};
pub use inspect::inspections;
pub use json_lines::{JsonLinesReporter, json_object};
pub use junit::junit;
pub use live::LiveReporter;
pub use logs::log_line;
pub use names::{Names, renamed};
pub use plain::PlainReporter;
pub use plan_text::{PlanView, plan};
pub use quiet::QuietReporter;
pub use reporter::{ReportError, Reporter};
pub use rollout_history::rollout_history;
pub use sarif::sarif;
pub use status::{EnvironmentStatus, Health, HostStatus, StatusView, status};
pub use style::Style;
pub use timeline::{Counted, back_reason, counted, rollback_timeline, users_hit};
pub use trail::{TrailView, trails};
pub use words::hold::hold_clause;
