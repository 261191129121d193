//! What stands behind a keyword: text to a [`Body`].

use super::body::{Body, Command, Pair, Transfer};
use super::heredoc::Heredoc;
use super::image::Image;
use super::instruction::{Flag, Keyword};
use super::logical::Logical;
use super::{json, words};
use crate::shell::{self, Script};
use crate::source::number;

pub(super) fn flags(text: &str, escape: char) -> (Vec<Flag>, &str) {
    let mut flags = Vec::new();
    let mut rest = text;
    loop {
        let (word, after) = words::first(rest);
        let Some(flag) = word.strip_prefix("--").filter(|flag| !flag.is_empty()) else { break (flags, rest) };
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(words::unquoted(value, escape))),
            None => (flag, None),
        };
        flags.push(Flag { name: name.to_owned(), value });
        rest = after;
    }
}

/// What is wrong, and what to do.
pub(super) type Wrong = (String, &'static str);

pub(super) fn body(keyword: Keyword, rest: &str, escape: char) -> Result<Body, Wrong> {
    let needs = |what: &str, fix: &'static str| Err((format!("{what} is missing"), fix));
    let unquoted = |text: &str| words::unquoted(text, escape);
    if rest.is_empty() && !matches!(keyword, Keyword::Maintainer) {
        return needs("what belongs to the instruction", "write it behind the keyword, or remove the line");
    }
    Ok(match keyword {
        Keyword::From => return from(rest, escape),
        Keyword::Cmd => Body::Cmd(command(rest)),
        Keyword::Entrypoint => Body::Entrypoint(command(rest)),
        Keyword::Healthcheck => return healthcheck(rest),
        Keyword::Shell => Body::Shell(
            json::array(rest).unwrap_or_else(|| rest.split_whitespace().map(ToOwned::to_owned).collect()),
        ),
        Keyword::Env => Body::Env(pairs(rest, escape)?),
        Keyword::Label => Body::Label(pairs(rest, escape)?),
        Keyword::Arg => {
            Body::Arg(words::split(rest, escape).into_iter().map(|word| argument(word, escape)).collect())
        }
        Keyword::Copy => Body::Copy(transfer(rest, escape)?),
        Keyword::Add => Body::Add(transfer(rest, escape)?),
        Keyword::Expose => Body::Expose(words::split(rest, escape).into_iter().map(unquoted).collect()),
        Keyword::User => Body::User(unquoted(rest)),
        Keyword::Workdir => Body::Workdir(unquoted(rest)),
        Keyword::Volume => Body::Volume,
        Keyword::StopSignal => Body::StopSignal(rest.to_owned()),
        Keyword::Maintainer => Body::Maintainer,
        Keyword::Onbuild | Keyword::Run => unreachable!("taken apart before"),
    })
}

fn from(rest: &str, escape: char) -> Result<Body, Wrong> {
    let words = words::split(rest, escape);
    let alias = match words.as_slice() {
        [_] => None,
        [_, word, alias] if word.eq_ignore_ascii_case("as") => Some((*alias).to_owned()),
        _ => {
            return Err((
                format!("`FROM {}` names no image", shortened(rest)),
                "write `FROM IMAGE` or `FROM IMAGE AS NAME`",
            ));
        }
    };
    Ok(Body::From { image: Image::new(&words::unquoted(words[0], escape)), alias })
}

fn healthcheck(rest: &str) -> Result<Body, Wrong> {
    let (word, rest) = words::first(rest);
    if word.eq_ignore_ascii_case("none") && rest.is_empty() {
        return Ok(Body::Healthcheck(None));
    }
    if word.eq_ignore_ascii_case("cmd") && !rest.is_empty() {
        return Ok(Body::Healthcheck(Some(command(rest))));
    }
    Err(("a health check is neither `CMD` nor `NONE`".to_owned(), "write `HEALTHCHECK CMD command`"))
}

fn command(rest: &str) -> Command {
    Command { text: rest.to_owned(), exec: json::array(rest), ..Command::default() }
}

pub(super) fn run(logical: &Logical, heredocs: Vec<Heredoc>) -> Command {
    let rest = logical.text.as_str();
    let exec = json::array(rest);
    let (mut script, mut lines) = (Script::default(), Vec::new());
    if let Some(words) = &exec {
        script = Script::of_words(words);
        lines.push(logical.line);
    } else if !rest.starts_with("<<") {
        script = shell::script(rest);
        lines.extend(script.commands.iter().map(|command| logical.line_of(command.at)));
    }
    // A here-document that a shell reads is its script.
    let reads = script.commands.iter().any(|command| command.is_shell() && command.is_without_script());
    if let Some(heredoc) = heredocs.first().filter(|_| reads || rest.starts_with("<<")) {
        let inner = of_heredoc(heredoc);
        lines.extend(lines_of(heredoc, &inner));
        script.append(inner);
    }
    Command { text: rest.to_owned(), exec, script, lines, heredocs }
}

/// The lines of a here-document's commands, which stand in the order of their offsets but for those in substitutions.
fn lines_of(heredoc: &Heredoc, script: &Script) -> Vec<u32> {
    let ends: Vec<usize> = heredoc.body.match_indices('\n').map(|(at, _)| at).collect();
    let line = |at: usize| heredoc.line + number(ends.partition_point(|end| *end < at));
    script.commands.iter().map(|command| line(command.at)).collect()
}

/// What a here-document runs; nothing where its first line names an interpreter that is no shell.
fn of_heredoc(heredoc: &Heredoc) -> Script {
    let first = heredoc.body.lines().next().unwrap_or_default();
    let interpreter = first.strip_prefix("#!").map(|rest| {
        let mut words = rest.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or_default());
        words.find(|word| *word != "env" && !word.starts_with('-')).unwrap_or_default()
    });
    if interpreter.is_some_and(|name| !name.ends_with("sh")) {
        return Script::default();
    }
    shell::script(&heredoc.body)
}

/// `a=b c="d e"`, or `a b c` for one name with the rest as its value.
fn pairs(rest: &str, escape: char) -> Result<Vec<Pair>, Wrong> {
    let pair = |key: &str, raw: &str| Pair {
        key: words::unquoted(key, escape),
        raw: raw.to_owned(),
        value: words::unquoted(raw, escape),
    };
    let found = words::split(rest, escape);
    if !found.first().is_some_and(|word| word.contains('=')) {
        let (key, value) = words::first(rest);
        if value.is_empty() {
            return Err((format!("`{}` has no value", shortened(key)), "write NAME=VALUE"));
        }
        return Ok(vec![pair(key, value)]);
    }
    let split = found.iter().map(|word| {
        let (key, raw) = word.split_once('=').ok_or_else(|| {
            (format!("`{}` has no value", shortened(word)), "write NAME=VALUE, with quotes around blanks")
        })?;
        Ok(pair(key, raw))
    });
    split.collect()
}

fn argument(word: &str, escape: char) -> (String, Option<String>) {
    match word.split_once('=') {
        Some((name, default)) => (name.to_owned(), Some(words::unquoted(default, escape))),
        None => (word.to_owned(), None),
    }
}

fn transfer(rest: &str, escape: char) -> Result<Transfer, Wrong> {
    let mut words = json::array(rest).unwrap_or_else(|| {
        words::split(rest, escape).into_iter().map(|word| words::unquoted(word, escape)).collect()
    });
    match words.pop() {
        Some(target) if !words.is_empty() => Ok(Transfer { sources: words, target }),
        _ => Err(("what is copied, or where to, is missing".to_owned(), "write the sources and the target")),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
