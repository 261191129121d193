//! The parser. It goes over the text once, forwards, and gives up rather than guess.
//!
//! Lists and pipelines are here; `if` and its like in [`compound`], commands with their words and redirections in
//! [`simple`], quotes and expansions in [`word`].

mod compound;
mod simple;
#[cfg(test)]
mod tests;
mod word;

use super::command::Script;

/// Levels of nesting that are followed.
const DEEPEST: u32 = 60;

/// Text that no shell accepts, or that is nested deeper than anybody means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// A quote, parenthesis, brace or compound command is never closed.
    #[error("something is never closed")]
    Unclosed,
    /// Something stands where it may not.
    #[error("something stands where it may not")]
    Misplaced,
    /// Too many levels of nesting.
    #[error("it is nested too deeply")]
    TooDeep,
}

type Result<T> = std::result::Result<T, SyntaxError>;

/// What a text runs.
pub fn parse(text: &str) -> Result<Script> {
    parse_at(text, 0)
}

fn parse_at(text: &str, depth: u32) -> Result<Script> {
    let mut parser = Parser { text, at: 0, depth, heredocs: Vec::new(), script: Script::default() };
    match parser.list(&[])? {
        End::Text => Ok(parser.script),
        End::Parenthesis | End::Word(_) | End::Case => Err(SyntaxError::Misplaced),
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: u32,
    /// Here-documents whose bodies begin at the next line, with whether tabs are stripped.
    heredocs: Vec<(String, bool)>,
    script: Script,
}

/// What ended a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Text,
    Parenthesis,
    /// `;;` and its like.
    Case,
    Word(&'static str),
}

/// Words that end lists or parts of compound commands, and begin no command.
const CLOSING: [&str; 8] = ["then", "elif", "else", "fi", "do", "done", "esac", "}"];

impl<'t> Parser<'t> {
    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn starts(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.starts(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(super) fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= DEEPEST {
            return Err(SyntaxError::TooDeep);
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Skips blanks, broken lines and comments.
    pub(super) fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.starts("\\\n") => self.at += 2,
                Some('#') => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                _ => return,
            }
        }
    }

    /// Skips blanks and line ends, and with those the bodies of here-documents.
    pub(super) fn blank_lines(&mut self) {
        loop {
            self.blanks();
            if !self.eat("\n") {
                return;
            }
            self.skip_heredocs();
        }
    }

    pub(super) fn skip_heredocs(&mut self) {
        for (name, strips_tabs) in std::mem::take(&mut self.heredocs) {
            while !self.rest().is_empty() {
                let line = self.rest().split('\n').next().unwrap_or_default();
                self.at = (self.at + line.len() + 1).min(self.text.len());
                let line = if strips_tabs { line.trim_start_matches('\t') } else { line };
                if line == name {
                    break;
                }
            }
        }
    }

    /// Commands up to one of these words, a closing parenthesis or the end.
    pub(super) fn list(&mut self, ends: &[&'static str]) -> Result<End> {
        self.nested(|parser| {
            let mut any = false;
            loop {
                parser.blank_lines();
                if parser.rest().is_empty() {
                    return Ok(End::Text);
                }
                if parser.starts(")") {
                    return Ok(End::Parenthesis);
                }
                if parser.starts(";;") || parser.starts(";&") {
                    return Ok(End::Case);
                }
                if let Some(end) = parser.closing_word() {
                    let end =
                        ends.iter().copied().find(|known| *known == end).ok_or(SyntaxError::Misplaced)?;
                    // An empty body is none, save for what `esac` closes.
                    if !any && end != "esac" {
                        return Err(SyntaxError::Misplaced);
                    }
                    parser.at += end.len();
                    return Ok(End::Word(end));
                }
                parser.and_or()?;
                any = true;
                parser.blanks();
                if parser.starts(";;") || parser.starts(";&") {
                    return Ok(End::Case);
                }
                let separated = parser.eat(";") || (!parser.starts("&&") && parser.eat("&"));
                if !separated && !parser.starts("\n") && !parser.starts(")") && !parser.rest().is_empty() {
                    return Err(SyntaxError::Misplaced);
                }
            }
        })
    }

    /// The closing word that stands here.
    pub(super) fn closing_word(&self) -> Option<&'static str> {
        let word = self.here();
        CLOSING.iter().copied().find(|closing| *closing == word)
    }

    /// The letters up to the next blank or operator.
    pub(super) fn here(&self) -> &'t str {
        let rest = self.rest();
        let end =
            rest.find(|c: char| c.is_whitespace() || ";&|<>()\"'\\$`".contains(c)).unwrap_or(rest.len());
        &rest[..end]
    }

    pub(super) fn and_or(&mut self) -> Result<()> {
        loop {
            self.pipeline()?;
            self.blanks();
            if !(self.eat("&&") || self.eat("||")) {
                return Ok(());
            }
            self.blank_lines();
            if self.rest().is_empty() {
                return Err(SyntaxError::Unclosed);
            }
        }
    }

    pub(super) fn pipeline(&mut self) -> Result<()> {
        loop {
            self.command()?;
            self.blanks();
            if self.starts("||") || !(self.eat("|&") || self.eat("|")) {
                return Ok(());
            }
            self.script.has_pipe = true;
            self.blank_lines();
            if self.rest().is_empty() {
                return Err(SyntaxError::Unclosed);
            }
        }
    }

    pub(super) fn command(&mut self) -> Result<()> {
        self.blanks();
        while matches!(self.here(), "!" | "time") {
            self.at += self.here().len();
            self.blanks();
        }
        match self.here() {
            "if" => self.compound("if", Self::if_command),
            "while" => self.compound("while", Self::loop_command),
            "until" => self.compound("until", Self::loop_command),
            "for" => self.compound("for", Self::for_command),
            "select" => self.compound("select", Self::for_command),
            "case" => self.compound("case", Self::case_command),
            "function" => self.compound("function", Self::function),
            "[[" => self.compound("[[", Self::test),
            "{" => self.compound("{", |parser| parser.list_until("}")),
            "" if self.starts("((") && self.skips_arithmetic()? => self.redirections(),
            "" if self.eat("(") => {
                if self.list(&[])? != End::Parenthesis || !self.eat(")") {
                    return Err(SyntaxError::Unclosed);
                }
                self.redirections()
            }
            word if CLOSING.contains(&word) => Err(SyntaxError::Misplaced),
            _ => self.simple(),
        }
    }
}
