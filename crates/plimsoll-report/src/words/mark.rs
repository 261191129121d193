//! The word at the beginning of a line. It carries the meaning; the colour behind it only helps.

use crate::line::Line;
use crate::palette::Role;

/// Where the text of a marked line begins.
pub(crate) const INDENT: usize = 7;
/// Columns of the name behind the mark.
const NAME: usize = 11;

/// The mark of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Passed,
    Warned,
    Refused,
    Skipped,
    Unknown,
    Running,
    Back,
    Note,
}

impl Mark {
    const fn word(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Warned => "warn",
            Self::Refused => "no",
            Self::Skipped => "skip",
            Self::Unknown => "?",
            Self::Running => "...",
            Self::Back => "BACK",
            Self::Note => "note",
        }
    }

    const fn role(self) -> Role {
        match self {
            Self::Passed => Role::Good,
            Self::Warned | Self::Skipped | Self::Unknown => Role::Warning,
            Self::Refused | Self::Back => Role::Bad,
            Self::Running => Role::Running,
            Self::Note => Role::Quiet,
        }
    }

    /// `  ok   `, to which text is added.
    pub(crate) fn line(self) -> Line {
        let word = self.word();
        let gap = " ".repeat(INDENT - 2 - word.len());
        Line::text("  ").with(self.role(), word).plain(gap)
    }

    /// `  ok   build       `, and the column at which its text begins.
    pub(crate) fn named(self, name: &str) -> (Line, usize) {
        let line = self.line().with(Role::Strong, format!("{name:<NAME$}")).plain(" ");
        let hang = line.width();
        (line, hang)
    }
}
