//! A unit file as data: sections of lines, each with the reason why it is there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// How every file begins that plimsoll made.
pub const MARKER: &str = "# Made by plimsoll";

/// A unit file or a drop-in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitText {
    /// Its sections, in order.
    pub sections: Vec<Section>,
}

/// A section, as `[Service]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: &'static str,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The setting's name.
    pub key: &'static str,
    /// Its value, quoted as systemd needs it.
    pub value: String,
    /// Why it is there, as a fragment.
    pub why: &'static str,
}

impl UnitText {
    /// Adds a section.
    #[must_use]
    pub fn section(mut self, name: &'static str, lines: Vec<Line>) -> Self {
        self.sections.push(Section { name, lines });
        self
    }

    /// Adds the section that says whose unit it is; systemd ignores it.
    #[must_use]
    pub fn made_for(self, folder: &Path, version: &str) -> Self {
        self.section(
            "X-Plimsoll",
            vec![
                line("Folder", folder.display().to_string(), "whose unit it is"),
                line("Version", version, "the plimsoll that wrote it"),
            ],
        )
    }

    /// The file.
    pub fn render(&self) -> String {
        let mut text = format!("{MARKER}, and written again by it: do not edit.\n");
        for section in &self.sections {
            let _ = writeln!(text, "\n[{}]", section.name);
            for Line { key, value, .. } in &section.lines {
                let _ = writeln!(text, "{key}={value}");
            }
        }
        text
    }

    /// The values of a setting, in order.
    pub fn values(&self, key: &str) -> Vec<&str> {
        let lines = self.sections.iter().flat_map(|section| &section.lines);
        lines.filter(|line| line.key == key).map(|line| line.value.as_str()).collect()
    }
}

/// A line.
pub(super) fn line(key: &'static str, value: impl Into<String>, why: &'static str) -> Line {
    Line { key, value: value.into(), why }
}

/// The folder of the service that a file was made for; `None` where plimsoll did not make it.
pub fn folder_of(text: &str) -> Option<PathBuf> {
    setting_of(text, "Folder=").map(PathBuf::from)
}

/// The version of the plimsoll that made a file.
pub fn version_of(text: &str) -> Option<&str> {
    setting_of(text, "Version=")
}

fn setting_of<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let (_, own) = text.strip_prefix(MARKER)?.split_once("\n[X-Plimsoll]\n")?;
    own.lines().take_while(|line| !line.starts_with('[')).find_map(|line| line.strip_prefix(key))
}

/// A word as systemd reads it back: in quotes, with escapes, and without specifiers.
pub(super) fn quote(word: &str) -> String {
    let mut quoted = String::with_capacity(word.len() + 2);
    quoted.push('"');
    for character in word.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '%' => quoted.push_str("%%"),
            other if other.is_ascii_control() => {
                let _ = write!(quoted, "\\x{:02x}", u32::from(other));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A word of a command: besides, `$` is not a variable.
pub(super) fn quote_argument(word: &str) -> String {
    quote(word).replace('$', "$$")
}

/// A path as the value of a setting that takes one path (not a list): only specifiers matter.
pub(super) fn path_value(path: &Path) -> String {
    path.display().to_string().replace('%', "%%")
}

/// A file of variables as systemd reads it (`EnvironmentFile=`). Escapes there are fewer than in a unit.
pub fn environment_file<'a>(variables: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in variables {
        let _ = write!(text, "{name}=\"");
        for character in value.chars() {
            if matches!(character, '"' | '\\' | '`' | '$') {
                text.push('\\');
            }
            text.push(character);
        }
        text.push_str("\"\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_systemd() {
        assert_eq!(quote("a b"), "\"a b\"");
        assert_eq!(quote("100% \"x\" \\ $HOME\n\u{1}"), "\"100%% \\\"x\\\" \\\\ $HOME\\n\\x01\"");
        assert_eq!(quote_argument("$HOME"), "\"$$HOME\"");
        assert_eq!(environment_file([("A", "x\"$`\\\ny%")].into_iter()), "A=\"x\\\"\\$\\`\\\\\ny%\"\n");
    }

    #[test]
    fn a_file_says_whose_it_is() {
        let text = UnitText::default().section("Unit", vec![line("Description", "Folder=/no", "")]);
        let text = text.made_for(Path::new("/opt/plimsoll/greeter"), "1.2.3").render();
        assert_eq!(folder_of(&text), Some("/opt/plimsoll/greeter".into()));
        assert_eq!(version_of(&text), Some("1.2.3"));
        assert_eq!(folder_of(text.trim_start_matches('#')), None);
        assert_eq!(folder_of("[X-Plimsoll]\nFolder=/opt\n"), None);
    }
}
