//! Simple commands: assignments, words, redirections.

use super::super::command::Command;
use super::{Parser, Result, SyntaxError};

impl Parser<'_> {
    pub(super) fn redirections(&mut self) -> Result<()> {
        loop {
            self.blanks();
            if !self.redirection()? {
                return Ok(());
            }
        }
    }

    /// One redirection, where one stands here.
    pub(super) fn redirection(&mut self) -> Result<bool> {
        let rest = self.rest();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let operator = &rest[digits..];
        if operator.starts_with("<(") || operator.starts_with(">(") {
            return Ok(false);
        }
        let known = ["<<<", "<<-", "<<", "<&", "<>", "<", ">>", ">&", ">|", ">", "&>>", "&>"];
        let Some(found) = known.iter().find(|known| operator.starts_with(**known)) else { return Ok(false) };
        if found.starts_with('&') && digits > 0 {
            return Ok(false);
        }
        self.at += digits + found.len();
        self.blanks();
        if self.peek().is_none_or(|c| ";&|<>)\n".contains(c)) && !self.starts("<(") && !self.starts(">(") {
            return Err(SyntaxError::Misplaced);
        }
        let word = self.word()?;
        if matches!(*found, "<<" | "<<-") {
            self.heredocs.push((word, *found == "<<-"));
        }
        Ok(true)
    }

    pub(super) fn simple(&mut self) -> Result<()> {
        self.blanks();
        let begin = self.at;
        let index = self.script.commands.len();
        let mut assignments = Vec::new();
        let mut words: Vec<String> = Vec::new();
        loop {
            self.blanks();
            if self.redirection()? {
                continue;
            }
            match self.peek() {
                None | Some('\n' | ';' | '&' | '|' | ')') => break,
                Some('(') if words.len() == 1 => {
                    self.at += 1;
                    self.blanks();
                    if !self.eat(")") {
                        return Err(SyntaxError::Misplaced);
                    }
                    self.blank_lines();
                    return self.nested(Self::command);
                }
                Some('(') => return Err(SyntaxError::Misplaced),
                Some(_) => {}
            }
            let word = self.word()?;
            match assignment(&word).filter(|_| words.is_empty()) {
                Some((name, value)) => {
                    if value.is_empty() && self.starts("(") {
                        self.array()?;
                    }
                    assignments.push((name.to_owned(), value.to_owned()));
                }
                None => words.push(word),
            }
        }
        if self.at == begin {
            return Err(SyntaxError::Misplaced);
        }
        // Commands of substitutions in its words stand behind it.
        self.script
            .commands
            .insert(index.min(self.script.commands.len()), Command::new(begin, assignments, words));
        Ok(())
    }

    /// `(a b c)` behind `name=`.
    pub(super) fn array(&mut self) -> Result<()> {
        self.at += 1;
        loop {
            self.blank_lines();
            if self.eat(")") {
                return Ok(());
            }
            if !self.blank_then_word()? {
                return Err(SyntaxError::Unclosed);
            }
        }
    }
}

/// `NAME=value`
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some((name, value))
}
