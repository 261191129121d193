//! Words: quotes, escapes, variables, substitutions.

use super::super::command::{SUBSTITUTION, VARIABLE};
use super::{DEEPEST, End, Parser, Result, SyntaxError, parse_at};

impl<'t> Parser<'t> {
    pub(super) fn word(&mut self) -> Result<String> {
        let mut word = String::new();
        let begin = self.at;
        while let Some(c) = self.peek() {
            match c {
                '<' | '>' if self.starts("<(") || self.starts(">(") => {
                    self.at += 1;
                    self.parenthesis()?;
                    word.push_str(SUBSTITUTION);
                }
                c if c.is_whitespace() || ";&|<>()".contains(c) => break,
                '\'' => word.push_str(self.single_quoted()?),
                '"' => self.double_quoted(&mut word)?,
                '\\' => {
                    self.at += 1;
                    match self.bump() {
                        Some('\n') | None => {}
                        Some(c) => word.push(c),
                    }
                }
                '$' | '`' => self.expansion(&mut word)?,
                c => {
                    self.at += c.len_utf8();
                    word.push(c);
                }
            }
        }
        if self.at == begin { Err(SyntaxError::Misplaced) } else { Ok(word) }
    }

    pub(super) fn single_quoted(&mut self) -> Result<&'t str> {
        let body = &self.rest()[1..];
        let end = body.find('\'').ok_or(SyntaxError::Unclosed)?;
        self.at += end + 2;
        Ok(&body[..end])
    }

    pub(super) fn double_quoted(&mut self, text: &mut String) -> Result<()> {
        self.at += 1;
        loop {
            match self.peek().ok_or(SyntaxError::Unclosed)? {
                '"' => {
                    self.at += 1;
                    return Ok(());
                }
                '\\' => {
                    self.at += 1;
                    match self.bump().ok_or(SyntaxError::Unclosed)? {
                        '\n' => {}
                        c if "\"\\$`".contains(c) => text.push(c),
                        c => text.extend(['\\', c]),
                    }
                }
                '$' | '`' => self.expansion(text)?,
                c => {
                    self.at += c.len_utf8();
                    text.push(c);
                }
            }
        }
    }

    /// What begins with `$` or a backtick.
    pub(super) fn expansion(&mut self, text: &mut String) -> Result<()> {
        if self.starts("`") {
            text.push_str(SUBSTITUTION);
            return self.backticks();
        }
        self.at += 1;
        if self.starts("((") {
            let begin = self.at;
            if self.skips_arithmetic()? {
                text.push_str(VARIABLE);
                return Ok(());
            }
            self.at = begin;
        }
        match self.peek() {
            Some('(') => {
                text.push_str(SUBSTITUTION);
                self.parenthesis()
            }
            Some('{') => {
                text.push_str(VARIABLE);
                self.nested(Self::braces)
            }
            Some('\'') => {
                text.push_str(self.single_quoted()?);
                Ok(())
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                text.push_str(VARIABLE);
                let rest = self.rest();
                self.at +=
                    rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
                Ok(())
            }
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => {
                text.push_str(VARIABLE);
                self.at += 1;
                Ok(())
            }
            _ => {
                text.push('$');
                Ok(())
            }
        }
    }

    /// `(…)` of a substitution, from its parenthesis.
    pub(super) fn parenthesis(&mut self) -> Result<()> {
        self.at += 1;
        let waiting = std::mem::take(&mut self.heredocs);
        let end = self.list(&[])?;
        self.heredocs = waiting;
        if end == End::Parenthesis && self.eat(")") { Ok(()) } else { Err(SyntaxError::Unclosed) }
    }

    /// `{…}` of a variable, from its brace. What its default runs is run.
    pub(super) fn braces(&mut self) -> Result<()> {
        self.at += 1;
        let mut ignored = String::new();
        loop {
            match self.peek().ok_or(SyntaxError::Unclosed)? {
                '}' => {
                    self.at += 1;
                    return Ok(());
                }
                '\'' => {
                    self.single_quoted()?;
                }
                '"' => self.double_quoted(&mut ignored)?,
                '$' | '`' => self.expansion(&mut ignored)?,
                '\\' => {
                    self.at += 1;
                    self.bump();
                }
                c => self.at += c.len_utf8(),
            }
        }
    }

    pub(super) fn backticks(&mut self) -> Result<()> {
        let begin = self.at;
        self.at += 1;
        let mut inner = String::new();
        loop {
            match self.bump().ok_or(SyntaxError::Unclosed)? {
                '`' => break,
                '\\' => match self.bump().ok_or(SyntaxError::Unclosed)? {
                    c if "`\\$".contains(c) => inner.push(c),
                    c => inner.extend(['\\', c]),
                },
                c => inner.push(c),
            }
        }
        if self.depth >= DEEPEST {
            return Err(SyntaxError::TooDeep);
        }
        let mut inner = parse_at(&inner, self.depth + 1)?;
        // Its own offsets mean nothing out here.
        inner.commands.iter_mut().for_each(|command| command.at = begin);
        self.script.append(inner);
        Ok(())
    }
}
