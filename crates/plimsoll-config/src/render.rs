//! Problems as plain text, in the shape of a compiler's messages.

use std::fmt::Write as _;

use crate::problem::{Place, Problem, Problems, Severity};

impl Problem {
    /// The problem as text without colour, ending with a line break.
    pub fn render(&self) -> String {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut text = format!("{word}: {}\n", self.message);
        let gutter = self.place.as_ref().map_or(1, |place| place.line.to_string().len());
        match &self.place {
            Some(place) => self.render_place(place, gutter, &mut text),
            None => line(&mut text, format_args!("{:gutter$}--> {}", "", self.file)),
        }
        for help in &self.help {
            line(&mut text, format_args!("{:gutter$} = help: {help}", ""));
        }
        text
    }

    fn render_place(&self, place: &Place, gutter: usize, text: &mut String) {
        let marks = "^".repeat(place.marker.len().max(1));
        let label = self.label.as_deref().unwrap_or_default();
        let marked = format!("{:1$}{marks} {label}", "", place.marker.start);
        line(text, format_args!("{:gutter$}--> {}:{}:{}", "", self.file, place.line, place.column));
        line(text, format_args!("{:gutter$} |", ""));
        line(text, format_args!("{} | {}", place.line, place.source_line));
        line(text, format_args!("{:gutter$} | {marked}", ""));
        if !self.help.is_empty() {
            line(text, format_args!("{:gutter$} |", ""));
        }
    }
}

impl Problems {
    /// All problems as text without colour, an empty line between them and a count at the end.
    pub fn render(&self) -> String {
        let mut text = String::new();
        for problem in &self.problems {
            text.push_str(&problem.render());
            text.push('\n');
        }
        let counts = [(self.errors(), "error"), (self.warnings(), "warning")];
        let counts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| counted(*count, word))
            .collect();
        text.push_str(&counts.join(", "));
        if self.left_out > 0 {
            write!(text, ", {} more not shown", self.left_out).expect("text does not fail");
        }
        text.push('\n');
        text
    }
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// Appends a line without the blanks at its end.
fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    text.push_str(content.to_string().trim_end());
    text.push('\n');
}
