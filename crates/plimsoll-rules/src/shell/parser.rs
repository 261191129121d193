//! The parser. It goes over the text once, forwards, and gives up rather than guess.

use super::command::{Command, SUBSTITUTION, Script, VARIABLE};

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
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn starts(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.starts(text);
        if found {
            self.at += text.len();
        }
        found
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= DEEPEST {
            return Err(SyntaxError::TooDeep);
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Skips blanks, broken lines and comments.
    fn blanks(&mut self) {
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
    fn blank_lines(&mut self) {
        loop {
            self.blanks();
            if !self.eat("\n") {
                return;
            }
            self.skip_heredocs();
        }
    }

    fn skip_heredocs(&mut self) {
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
    fn list(&mut self, ends: &[&'static str]) -> Result<End> {
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
    fn closing_word(&self) -> Option<&'static str> {
        let word = self.here();
        CLOSING.iter().copied().find(|closing| *closing == word)
    }

    /// The letters up to the next blank or operator.
    fn here(&self) -> &'t str {
        let rest = self.rest();
        let end =
            rest.find(|c: char| c.is_whitespace() || ";&|<>()\"'\\$`".contains(c)).unwrap_or(rest.len());
        &rest[..end]
    }

    fn and_or(&mut self) -> Result<()> {
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

    fn pipeline(&mut self) -> Result<()> {
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

    fn command(&mut self) -> Result<()> {
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

    fn compound(&mut self, word: &str, inner: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.at += word.len();
        self.nested(inner)?;
        self.redirections()
    }

    fn list_until(&mut self, end: &'static str) -> Result<()> {
        match self.list(&[end])? {
            End::Word(_) => Ok(()),
            End::Text => Err(SyntaxError::Unclosed),
            End::Parenthesis | End::Case => Err(SyntaxError::Misplaced),
        }
    }

    fn if_command(&mut self) -> Result<()> {
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

    fn loop_command(&mut self) -> Result<()> {
        self.list_until("do")?;
        self.list_until("done")
    }

    fn for_command(&mut self) -> Result<()> {
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
    fn blank_then_word(&mut self) -> Result<bool> {
        self.blanks();
        let more = self.peek().is_some_and(|c| !";&|<>()\n".contains(c));
        if more {
            self.word()?;
        }
        Ok(more)
    }

    fn case_command(&mut self) -> Result<()> {
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

    fn function(&mut self) -> Result<()> {
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
    fn test(&mut self) -> Result<()> {
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
    fn skips_arithmetic(&mut self) -> Result<bool> {
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

    fn redirections(&mut self) -> Result<()> {
        loop {
            self.blanks();
            if !self.redirection()? {
                return Ok(());
            }
        }
    }

    /// One redirection, where one stands here.
    fn redirection(&mut self) -> Result<bool> {
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

    fn simple(&mut self) -> Result<()> {
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
    fn array(&mut self) -> Result<()> {
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

    fn word(&mut self) -> Result<String> {
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

    fn single_quoted(&mut self) -> Result<&'t str> {
        let body = &self.rest()[1..];
        let end = body.find('\'').ok_or(SyntaxError::Unclosed)?;
        self.at += end + 2;
        Ok(&body[..end])
    }

    fn double_quoted(&mut self, text: &mut String) -> Result<()> {
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
    fn expansion(&mut self, text: &mut String) -> Result<()> {
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
    fn parenthesis(&mut self) -> Result<()> {
        self.at += 1;
        let waiting = std::mem::take(&mut self.heredocs);
        let end = self.list(&[])?;
        self.heredocs = waiting;
        if end == End::Parenthesis && self.eat(")") { Ok(()) } else { Err(SyntaxError::Unclosed) }
    }

    /// `{…}` of a variable, from its brace. What its default runs is run.
    fn braces(&mut self) -> Result<()> {
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

    fn backticks(&mut self) -> Result<()> {
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

/// `NAME=value`
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let script = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        script.commands.into_iter().map(|command| command.name).collect()
    }

    #[test]
    fn commands_are_found_wherever_they_stand() {
        for (text, expected) in [
            ("a && b || c; d & e", "a b c d e"),
            ("(a; b) | { c; }", "a b c"),
            ("if a; then b; elif c; then d; else e; fi", "a b c d e"),
            ("for x in 1 2; do a; done", "a"),
            ("for x; do a; done", "a"),
            ("for ((i=0; i<3; i++)); do a; done", "a"),
            ("while a; do b; done < c", "a b"),
            ("case $x in a|b) c;; (d) e ;; *) f; esac", "c e f"),
            ("case x in esac; a", "a"),
            ("f() { a; }; function g { b; }; f", "a b f"),
            ("[[ a == b || c < d ]] && e", "e"),
            ("((x++)); a $((1|2))", "a"),
            ("echo $(a `b` \"$(c)\" ${X:-$(d)})", "echo a b c d"),
            ("X=$(a) Y=2 b", "b a"),
            ("a > b 2>&1 < c &> d | e", "a e"),
            ("diff <(a) <(b)", "diff a b"),
            ("a <<EOF\nb c\nEOF\nd", "a d"),
            ("a <<-'E' && b\n\tx\n\tE\nc", "a b c"),
            ("a # b; c", "a"),
            ("a#b", "a#b"),
            ("\n\n a \\\n  b\n", "a"),
            ("! a; time b", "a b"),
            ("x=(a b c); d", " d"),
            ("", ""),
            ("'a b' \"c\"", "a b"),
        ] {
            assert_eq!(names(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn what_no_shell_accepts_is_refused() {
        let texts = [
            "echo \"a",
            "echo 'a",
            "a &&",
            "&& a",
            "a ; ; b",
            "if true",
            "( a",
            "a )",
            "echo ${X",
            "echo $(a",
            "echo `a",
            "fi",
            "a | | b",
            "if a; then fi",
            "a >",
            "for x in a; b; done",
            "case x in a",
            "{ a",
            "[[ a",
        ];
        for text in texts {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pipes_are_told_from_what_looks_like_them() {
        for (text, pipe) in [
            ("a | b", true),
            ("a |& b", true),
            ("x=$(a | b)", true),
            ("echo `a | b`", true),
            ("a || b", false),
            ("echo 'a | b' \\|", false),
            ("case x in a|b) c;; esac", false),
            ("a <<< \"b | c\"", false),
        ] {
            assert_eq!(parse(text).unwrap().has_pipe, pipe, "{text}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        for open in ["(", "$(", "`", "{ ", "if ", "\"$(", "${x:-", "! ", "[[ ", "f() ", "<(", "((", "$(("] {
            let _ = parse(&open.repeat(50_000));
        }
    }
}
