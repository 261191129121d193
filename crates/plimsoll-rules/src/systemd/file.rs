//! A unit file taken apart: sections, assignments, and what systemd does not understand in it.
//!
//! Lines are joined, trimmed and left out as systemd's own reader does it: a comment inside of a continued line does not end it,
//! a backslash becomes a blank, and an assignment outside of a section or in an unknown one counts for nothing.

use plimsoll_model::finding::Place;

use super::unit::Kind;
use crate::source::{Comment, Source};

/// Assignments of a file beyond this are not looked at; the file says so as a problem.
const MOST_ASSIGNMENTS: usize = 100_000;

/// A unit file or a drop-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitFile {
    /// Its text.
    pub source: Source,
    /// Its sections, in order; a name may come again.
    pub sections: Vec<Section>,
    /// Its assignments in sections that systemd reads, in order.
    pub assignments: Vec<Assignment>,
    /// What is wrong with its form.
    pub problems: Vec<Problem>,
    /// Its comments.
    pub comments: Vec<Comment>,
}

/// The head of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The name between the brackets.
    pub name: String,
    /// Where it stands.
    pub place: Place,
}

/// `Key=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The name of its section.
    pub section: String,
    /// The setting.
    pub key: String,
    /// What is behind the sign, joined and trimmed, with quotes and specifiers as they are written.
    pub value: String,
    /// Where it stands.
    pub place: Place,
}

/// A line that systemd does not understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub what: Flaw,
    /// Where it stands.
    pub place: Place,
}

/// How a line can be wrong in its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// `[Name` without its end: the whole file is refused.
    Header,
    /// A section that this kind of unit does not have.
    UnknownSection(String),
    /// An assignment before the first section.
    OutsideOfSection,
    /// A line without `=`.
    NoAssignment,
    /// A line that begins with `=`.
    NoKey,
    /// The line is no UTF-8.
    NoUtf8,
    /// The file has more assignments than are looked at.
    TooMany,
}

impl UnitFile {
    /// Takes a file apart. `kind` says which sections it may have.
    pub fn parse(source: Source, kind: Kind) -> Self {
        let (mut lines, comments) = logical(&source);
        let file =
            Self { sections: Vec::new(), assignments: Vec::new(), problems: Vec::new(), comments, source };
        let mut reader = Reader { file, kind, state: State::Before };
        for line in lines.drain(..) {
            reader.line(&line);
        }
        reader.file
    }

    /// Whether systemd refuses the whole file.
    pub fn is_refused(&self) -> bool {
        self.problems.iter().any(|problem| problem.what == Flaw::Header)
    }
}

/// A line with its continuations.
struct Logical {
    text: String,
    place: Place,
}

fn logical(source: &Source) -> (Vec<Logical>, Vec<Comment>) {
    let (mut lines, mut comments) = (Vec::new(), Vec::new());
    let mut open: Option<(u32, String)> = None;
    let mut last = 0;
    for (number, line) in source.lines() {
        last = number;
        let line = if number == 1 { line.trim_start_matches('\u{feff}') } else { line };
        let line = line.trim_start_matches([' ', '\t']);
        if line.starts_with(['#', ';']) {
            let inside = open.is_some();
            comments.push(Comment { line: number, text: line[1..].to_owned(), inside });
            continue;
        }
        let (first, mut text) = open.take().unwrap_or((number, String::new()));
        if ends_in_backslash(line) {
            text.push_str(&line[..line.len() - 1]);
            text.push(' ');
            open = Some((first, text));
            continue;
        }
        text.push_str(line);
        lines.push(Logical { text, place: source.whole_lines(first, number) });
    }
    if let Some((first, text)) = open {
        lines.push(Logical { text, place: source.whole_lines(first, last) });
    }
    (lines, comments)
}

/// Whether a line ends in a backslash that no other one escapes.
fn ends_in_backslash(line: &str) -> bool {
    line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
}

/// Where the reader is.
enum State {
    Before,
    /// In a section that counts for nothing.
    Ignored,
    In(String),
}

struct Reader {
    file: UnitFile,
    kind: Kind,
    state: State,
}

impl Reader {
    fn line(&mut self, line: &Logical) {
        let text = line.text.trim_matches([' ', '\t', '\n', '\r']);
        // What was joined may begin with a comment's sign; systemd takes it for one then.
        if text.is_empty() || text.starts_with(['#', ';']) {
            return;
        }
        if text.contains('\u{fffd}') {
            return self.problem(Flaw::NoUtf8, line.place);
        }
        match text.strip_prefix('[') {
            Some(rest) => self.header(rest, line.place),
            None => self.assignment(text, line.place),
        }
    }

    fn header(&mut self, rest: &str, place: Place) {
        let name = rest.strip_suffix(']');
        let Some(name) = name.filter(|name| !name.contains(|c: char| c.is_control() || "\"\\'".contains(c)))
        else {
            self.state = State::Ignored;
            return self.problem(Flaw::Header, place);
        };
        self.file.sections.push(Section { name: name.to_owned(), place });
        if self.kind.sections().contains(&name) {
            self.state = State::In(name.to_owned());
            return;
        }
        self.state = State::Ignored;
        if !name.starts_with("X-") {
            self.problem(Flaw::UnknownSection(name.to_owned()), place);
        }
    }

    fn assignment(&mut self, text: &str, place: Place) {
        let section = match &self.state {
            State::Before => return self.problem(Flaw::OutsideOfSection, place),
            State::Ignored => return,
            State::In(section) => section.clone(),
        };
        let Some((key, value)) = text.split_once('=') else {
            return self.problem(Flaw::NoAssignment, place);
        };
        if key.is_empty() {
            return self.problem(Flaw::NoKey, place);
        }
        if self.file.assignments.len() == MOST_ASSIGNMENTS {
            if !self.file.problems.iter().any(|problem| problem.what == Flaw::TooMany) {
                self.problem(Flaw::TooMany, place);
            }
            return;
        }
        let trimmed = |text: &str| text.trim_matches([' ', '\t', '\n', '\r']).to_owned();
        self.file.assignments.push(Assignment { section, key: trimmed(key), value: trimmed(value), place });
    }

    fn problem(&mut self, what: Flaw, place: Place) {
        self.file.problems.push(Problem { what, place });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> UnitFile {
        UnitFile::parse(Source::new("a.service", text), Kind::Service)
    }

    fn pairs(file: &UnitFile) -> Vec<(&str, &str, &str)> {
        file.assignments.iter().map(|a| (&*a.section, &*a.key, &*a.value)).collect()
    }

    #[test]
    fn lines_are_joined_as_systemd_does() {
        let file = parse(
            "[Service]\nExecStart=/a \\\n# comment\n  b \\\n; another\n\tc\n Type = exec \nA=1\\\\\nB=2\\\n\nC=3\\",
        );
        assert_eq!(
            pairs(&file),
            [
                ("Service", "ExecStart", "/a  b  c"),
                ("Service", "Type", "exec"),
                ("Service", "A", "1\\\\"),
                ("Service", "B", "2"),
                ("Service", "C", "3")
            ]
        );
        assert_eq!((file.assignments[0].place.line, file.assignments[0].place.end_line), (2, 6));
        assert_eq!(
            file.comments.iter().map(|c| (c.line, c.inside)).collect::<Vec<_>>(),
            [(3, true), (5, true)]
        );
    }

    #[test]
    fn what_is_no_setting_is_told() {
        let file = parse(
            "A=1\n[Socket]\nB=2\n[X-Own]\nC=3\n[Service]\nD\n=4\n[Unit\nE=5\n[Install]\nWantedBy=a\nF=\u{fffd}\n",
        );
        let flaws: Vec<_> = file.problems.iter().map(|p| (p.place.line, p.what.clone())).collect();
        assert_eq!(
            flaws,
            [
                (1, Flaw::OutsideOfSection),
                (2, Flaw::UnknownSection("Socket".into())),
                (7, Flaw::NoAssignment),
                (8, Flaw::NoKey),
                (9, Flaw::Header),
                (13, Flaw::NoUtf8)
            ]
        );
        assert_eq!(pairs(&file), [("Install", "WantedBy", "a")]);
        assert!(file.is_refused());
    }
}
