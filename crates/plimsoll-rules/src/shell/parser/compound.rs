//! Compound commands: `if`, loops, `case`, functions, `[[ … ]]`, `((…))`.

use super::{End, Parser, Result, SyntaxError};

impl Parser<'_> {
    pub(super) fn compound(&mut self, word: &str, inner: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.at += word.len();
        self.nested(inner)?;
        self.redirections()
    }

    pub(super) fn list_until(&mut self, end: &'static str) -> Result<()> {
        match self.list(&[end])? {
            End::Word(_) => Ok(()),
            End::Text => Err(SyntaxError::Unclosed),
            End::Parenthesis | End::Case => Err(SyntaxError::Misplaced),
        }
    }

    pub(super) fn if_command(&mut self) -> Result<()> {
        self.list_until("then")?;
        loop {
            match self.list(&["elif", "else", "fi"])? {
                End::Word("elif") => self.list_until("then")?,
                End::Word("else") => return self.list_until("fi"),
                End::Word(_) => return Ok(()),
                _ => return Err(SyntaxError::Unclosed),
            }
        }
    }

    pub(super) fn loop_command(&mut self) -> Result<()> {
        self.list_until("do")?;
        self.list_until("done")
    }

    pub(super) fn for_command(&mut self) -> Result<()> {
        self.blanks();
        if self.starts("((") {
            if !self.skips_arithmetic()? {
                return Err(SyntaxError::Misplaced);
            }
        } else {
            self.word()?;
            self.blank_lines();
            if self.here() == "in" {
                self.at += "in".len();
                while self.blank_then_word()? {}
            }
        }
        self.blanks();
        self.eat(";");
        self.blank_lines();
        if self.here() != "do" {
            return Err(SyntaxError::Misplaced);
        }
        self.at += "do".len();
        self.list_until("done")
    }

    /// A word, unless an operator or a line's end comes first.
    pub(super) fn blank_then_word(&mut self) -> Result<bool> {
        self.blanks();
        let more = self.peek().is_some_and(|c| !";&|<>()\n".contains(c));
        if more {
            self.word()?;
        }
        Ok(more)
    }

    pub(super) fn case_command(&mut self) -> Result<()> {
        self.blanks();
        self.word()?;
        self.blank_lines();
        if self.here() != "in" {
            return Err(SyntaxError::Misplaced);
        }
        self.at += "in".len();
        loop {
            self.blank_lines();
            if self.here() == "esac" {
                self.at += "esac".len();
                return Ok(());
            }
            self.eat("(");
            while self.blank_then_word()? || self.eat("|") {}
            if !self.eat(")") {
                return Err(SyntaxError::Unclosed);
            }
            match self.list(&["esac"])? {
                End::Case => {
                    self.at += self.rest().find(|c| c != ';' && c != '&').unwrap_or(self.rest().len());
                }
                End::Word(_) => return Ok(()),
                End::Text | End::Parenthesis => return Err(SyntaxError::Unclosed),
            }
        }
    }

    pub(super) fn function(&mut self) -> Result<()> {
        self.blanks();
        self.word()?;
        self.blanks();
        if self.eat("(") && !self.eat(")") {
            return Err(SyntaxError::Misplaced);
        }
        self.blank_lines();
        self.command()
    }

    /// `[[ … ]]`: words up to its end; operators are words here.
    pub(super) fn test(&mut self) -> Result<()> {
        loop {
            self.blank_lines();
            if self.starts("]]") {
                self.at += 2;
                return Ok(());
            }
            match self.peek() {
                None => return Err(SyntaxError::Unclosed),
                Some('&' | '|' | '<' | '>' | '(' | ')' | ';') => self.at += 1,
                Some(_) => {
                    self.word()?;
                }
            }
        }
    }

    /// `((…))` from its first parenthesis; false where it is no arithmetic, and then nothing is read.
    pub(super) fn skips_arithmetic(&mut self) -> Result<bool> {
        let mut open = 0_u32;
        let mut last_close = 0;
        for (at, c) in self.rest().char_indices() {
            match c {
                '(' => open += 1,
                ')' => {
                    open -= 1;
                    if open == 0 {
                        let is_arithmetic = last_close + 1 == at;
                        if is_arithmetic {
                            self.at += at + 1;
                        }
                        return Ok(is_arithmetic);
                    }
                    last_close = at;
                }
                _ => {}
            }
        }
        Err(SyntaxError::Unclosed)
    }
}
