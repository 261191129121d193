//! Colours by meaning, in one table. A word always carries the meaning; the colour only helps.

use anstyle::{AnsiColor, Style as Ansi};

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Nothing special.
    Plain,
    /// Passed, healthy.
    Good,
    /// Refused, failed, gone back.
    Bad,
    /// Something that a person should know.
    Warning,
    /// At work, not finished.
    Running,
    /// What stands out: the release, the environment.
    Strong,
    /// What may be skipped over: times, marks, the last line of output.
    Quiet,
    /// A next command.
    Hint,
    /// The side that serves.
    Stable,
    /// The new side.
    Canary,
}

impl Role {
    /// The table. Only the sixteen colours that every terminal has, and that its user has chosen; nothing blinks.
    pub const fn ansi(self) -> Ansi {
        match self {
            Self::Plain => Ansi::new(),
            Self::Good | Self::Stable => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Running | Self::Canary => AnsiColor::Cyan.on_default(),
            Self::Strong => Ansi::new().bold(),
            Self::Quiet => Ansi::new().dimmed(),
            Self::Hint => AnsiColor::Blue.on_default(),
        }
    }

    /// `text` in the role's colour.
    pub(crate) fn paint(self, text: &str, colour: bool) -> String {
        let style = self.ansi();
        if !colour || text.is_empty() || style.is_plain() {
            return text.to_owned();
        }
        format!("{}{text}{}", style.render(), style.render_reset())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_asked_for() {
        assert_eq!(Role::Good.paint("ok", false), "ok");
        assert_eq!(Role::Good.paint("ok", true), "\x1b[32mok\x1b[0m");
        assert_eq!(Role::Plain.paint("ok", true), "ok");
    }
}
