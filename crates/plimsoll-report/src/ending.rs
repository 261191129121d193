//! How a command that followed a release ended: what is told last, in every form of report.
//!
//! The engine fills it from the journal and from what the data plane serves; nothing here is guessed.

use plimsoll_model::event::ReleaseLabel;
use plimsoll_model::evidence::Gate;
use plimsoll_model::free_text::FreeText;
use plimsoll_model::record::{HoldReason, Outcome};
use plimsoll_model::{EnvironmentName, ExitCode, Masker, Span, Timestamp};
use serde::Serialize;

/// The end of a command.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ending {
    /// When.
    pub at: Timestamp,
    /// The exit code that follows.
    pub exit: ExitCode,
    /// What happened.
    pub story: EndingStory,
    /// What an earlier command had left behind and was made good of it, in one clause: `an earlier command was killed
    /// at step 2; continued from there`.
    pub recovered: Option<String>,
    /// What to do next.
    pub hints: Vec<Hint>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum EndingStory {
    /// The release serves everywhere.
    Shipped {
        /// Where.
        environment: EnvironmentName,
        /// The release.
        release: ReleaseLabel,
        /// The one before, kept to go back to; absent after a rollback, where nobody wants it back.
        replaces: Option<ReleaseLabel>,
        /// From the commit to here.
        took: Span,
        /// One sentence with figures; may be empty.
        summary: String,
    },
    /// The release is sealed; nothing was deployed.
    Built {
        /// The release.
        release: ReleaseLabel,
        /// From the commit to here.
        took: Span,
    },
    /// Releases that nothing needs were removed.
    Pruned {
        /// Where.
        environment: EnvironmentName,
        /// Those that were removed here.
        removed: Vec<ReleaseLabel>,
        /// What was removed and what was kept, in one sentence.
        summary: String,
    },
    /// The release was taken back, or could not be taken back everywhere.
    Back {
        /// Where.
        environment: EnvironmentName,
        /// The release that came back.
        release: ReleaseLabel,
        /// The one that serves now; absent where nothing served before.
        serves: Option<ReleaseLabel>,
        /// How.
        outcome: Outcome,
        /// Why, in one clause with figures: `r42 answered 9.8 % with 5xx (limit 1 %); r41 0.1 %`.
        summary: String,
        /// What happened when.
        timeline: Vec<TimelineEntry>,
        /// Requests of users that met the bad release.
        users: Option<UsersHit>,
        /// What an instance that failed printed last.
        printed: Vec<String>,
    },
    /// A gate refused; the environment that was aimed at is as it was.
    Refused {
        /// Which gate; absent where the release was refused before the first.
        gate: Option<Gate>,
        /// The release, where it has an identity already.
        release: Option<ReleaseLabel>,
        /// Where it serves nonetheless: where it was tested.
        #[serde(rename = "serves-in")]
        serves_in: Option<EnvironmentName>,
        /// Why.
        summary: String,
    },
    /// The rollout waits for a person; the command has left it there.
    Waiting {
        /// Where.
        environment: EnvironmentName,
        /// The release.
        release: ReleaseLabel,
        /// For what.
        reason: HoldReason,
        /// When it goes back if nobody answers.
        until: Timestamp,
    },
    /// The command could not do its work: lease held, target unreachable, wrong configuration, internal error.
    Stopped {
        /// What happened.
        summary: String,
        /// Why, and what is true now; may be empty.
        detail: String,
    },
}

impl FreeText for Ending {
    fn mask(&mut self, masker: &Masker) {
        self.story.mask(masker);
        let hints = self.hints.iter_mut().flat_map(|hint| [&mut hint.command, &mut hint.gives]);
        self.recovered.iter_mut().chain(hints).for_each(|text| masker.mask_in_place(text));
    }
}

impl FreeText for EndingStory {
    fn mask(&mut self, masker: &Masker) {
        match self {
            Self::Shipped { summary, .. } | Self::Pruned { summary, .. } | Self::Refused { summary, .. } => {
                masker.mask_in_place(summary);
            }
            Self::Back { summary, timeline, printed, .. } => {
                let moments = timeline.iter_mut().map(|moment| &mut moment.text);
                let texts = moments.chain(printed).chain([summary]);
                texts.for_each(|text| masker.mask_in_place(text));
            }
            Self::Stopped { summary, detail } => {
                masker.mask_in_place(summary);
                masker.mask_in_place(detail);
            }
            Self::Built { .. } | Self::Waiting { .. } => {}
        }
    }
}

/// A moment of the story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TimelineEntry {
    /// When.
    pub at: Timestamp,
    /// What, in one clause.
    pub text: String,
}

/// How many requests met the bad release and were answered badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UsersHit {
    /// Requests answered badly by the canary.
    pub hit: u64,
    /// Requests in all over the same time, of both sides.
    pub of: u64,
    /// The time within which a proxy began anew or did not say: what it had counted until then is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Gap>,
}

/// A time of which nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Gap {
    /// From here on.
    pub from: Timestamp,
    /// Until here.
    pub until: Timestamp,
}

/// A next command, exactly as it can be typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Hint {
    /// The command: `plimsoll logs r42 --failed`.
    pub command: String,
    /// What it gives: `what the canary said`.
    pub gives: String,
}

impl Hint {
    /// A hint.
    pub fn new(command: impl Into<String>, gives: impl Into<String>) -> Self {
        Self { command: command.into(), gives: gives.into() }
    }
}
