//! Text to a [`Dockerfile`].

use plimsoll_model::finding::Place;

use super::body::{Body, Command, Pair, Transfer};
use super::heredoc::{self, Heredoc};
use super::image::Image;
use super::instruction::{Flag, Instruction, Keyword};
use super::logical::{Lines, Logical, place};
use super::stage::{Stage, stages};
use super::{json, words};
use crate::shell::{self, Script};
use crate::source::{Source, number};

/// Instructions beyond this are not looked at; the file says so as a problem.
const MOST: usize = 20_000;

/// `ONBUILD` inside of `ONBUILD` beyond this is not taken apart.
const DEEPEST: u8 = 4;

/// A Dockerfile that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// Its text.
    pub source: Source,
    /// What it says.
    pub instructions: Vec<Instruction>,
    /// Its stages.
    pub stages: Vec<Stage>,
    /// Its comments.
    pub comments: Vec<Comment>,
    /// What could not be understood.
    pub problems: Vec<Problem>,
    /// The character that escapes and continues lines.
    pub escape: char,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its line.
    pub line: u32,
    /// What follows the `#`.
    pub text: String,
    /// Whether it stands inside of an instruction.
    pub inside: bool,
}

/// Something that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What: a fragment.
    pub message: String,
    /// What to do.
    pub fix: String,
}

impl Dockerfile {
    /// Every instruction, with what is behind an `ONBUILD` in its place.
    pub fn unwrapped(&self) -> impl Iterator<Item = &Instruction> {
        self.instructions.iter().map(|instruction| match &instruction.body {
            Body::Onbuild(inner) => inner,
            _ => instruction,
        })
    }

    /// Every `RUN`, also behind `ONBUILD`.
    pub fn runs(&self) -> impl Iterator<Item = (&Instruction, &Command)> {
        self.unwrapped().filter_map(|instruction| match &instruction.body {
            Body::Run(command) => Some((instruction, command)),
            _ => None,
        })
    }

    /// The instructions of a stage, its `FROM` first.
    pub fn in_stage(&self, stage: usize) -> impl Iterator<Item = &Instruction> {
        let begin = self.stages.get(stage).map_or(self.instructions.len(), |stage| stage.from);
        let end = self.stages.get(stage + 1).map_or(self.instructions.len(), |stage| stage.from);
        self.instructions[begin..end].iter()
    }

    /// A stage and those that it is based on, from the last one back to the one with an image.
    pub fn lineage(&self, stage: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.stages.get(stage).map(|_| stage), |&stage| self.stages[stage].base)
    }

    /// The stage that the image is made of.
    pub fn last_stage(&self) -> Option<usize> {
        self.stages.len().checked_sub(1)
    }

    /// Whether what a stage leaves in its layers ends in the image: it is the last one, or one that that is based on.
    pub fn is_shipped(&self, stage: Option<usize>) -> bool {
        let Some(stage) = stage else { return false };
        self.last_stage().is_some_and(|last| self.lineage(last).any(|shipped| shipped == stage))
    }
}

/// Reads a Dockerfile. Whatever the text is, this ends, in time and memory that grow with it.
pub fn parse(source: Source) -> Dockerfile {
    let mut lines = Lines::new(&source);
    read_directives(&mut lines);
    let mut instructions = Vec::new();
    let mut problems = Vec::new();
    while let Some(mut logical) = lines.logical() {
        if instructions.len() + problems.len() >= MOST {
            problems.push(too_many(&source, &logical));
            break;
        }
        match instruction(&source, &mut lines, &mut logical, 0) {
            Ok(instruction) => instructions.push(instruction),
            Err(problem) => problems.push(problem),
        }
    }
    let stages = stages(&mut instructions);
    let (escape, comments) = (lines.escape, std::mem::take(&mut lines.comments));
    Dockerfile { source, instructions, stages, comments, problems, escape }
}

fn too_many(source: &Source, logical: &Logical) -> Problem {
    Problem {
        place: place(source, logical.line, logical.end_line),
        message: format!("this file has more than {MOST} instructions; the rest was not looked at"),
        fix: "split it into several images".to_owned(),
    }
}

/// `# escape=` counts only at the top, among other directives.
fn read_directives(lines: &mut Lines<'_>) {
    while let Some((line, text)) = lines.raw() {
        let directive = text.trim().strip_prefix('#').and_then(|text| text.split_once('='));
        let known = directive.filter(|(key, _)| {
            ["syntax", "escape", "check"].iter().any(|name| key.trim().eq_ignore_ascii_case(name))
        });
        let Some((key, value)) = known else {
            lines.put_back();
            return;
        };
        if key.trim().eq_ignore_ascii_case("escape") && value.trim() == "`" {
            lines.escape = '`';
        }
        let text = text.trim().trim_start_matches('#').to_owned();
        lines.comments.push(Comment { line, text, inside: false });
    }
}

fn instruction(
    source: &Source,
    lines: &mut Lines<'_>,
    logical: &mut Logical,
    depth: u8,
) -> Result<Instruction, Problem> {
    let text = logical.text.clone();
    let (word, rest) = words::first(&text);
    let problem = |logical: &Logical, message: String, fix: &str| Problem {
        place: place(source, logical.line, logical.end_line),
        message,
        fix: fix.to_owned(),
    };
    let Some(keyword) = Keyword::new(word) else {
        let shown: String = word.chars().take(40).collect();
        let fix = match Keyword::like(&shown) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "every instruction begins with a keyword; a line that is continued ends with the escape"
                .to_owned(),
        };
        return Err(problem(logical, format!("`{shown}` is no instruction"), &fix));
    };
    let mut heredocs = Vec::new();
    if keyword.has_heredocs() && rest.contains("<<") {
        heredocs = heredoc::read(lines, rest, &mut logical.end_line).map_err(|name| {
            logical.end_line = logical.line;
            let message =
                format!("no line `{name}` ends the here-document; the rest of the file was not looked at");
            problem(logical, message, "end it with its word alone, at the beginning of a line")
        })?;
    }
    if keyword == Keyword::Onbuild {
        if depth >= DEEPEST {
            return Err(problem(logical, "`ONBUILD` inside of `ONBUILD`".to_owned(), "write one of them"));
        }
        let mut inner = logical.from(text.len() - rest.len());
        let inner = instruction(source, lines, &mut inner, depth + 1)?;
        let place = place(source, logical.line, inner.place.end_line);
        return Ok(Instruction {
            body: Body::Onbuild(Box::new(inner)),
            flags: Vec::new(),
            place,
            stage: None,
            onbuild: depth > 0,
        });
    }
    let (flags, rest) = if keyword.has_flags() { flags(rest, lines.escape) } else { (Vec::new(), rest) };
    let body = match keyword {
        Keyword::Run if !rest.is_empty() => Body::Run(run(&logical.from(text.len() - rest.len()), heredocs)),
        _ => body(keyword, rest, lines.escape).map_err(|(message, fix)| problem(logical, message, fix))?,
    };
    let place = place(source, logical.line, logical.end_line);
    Ok(Instruction { body, flags, place, stage: None, onbuild: depth > 0 })
}

fn flags(text: &str, escape: char) -> (Vec<Flag>, &str) {
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

type Wrong = (String, &'static str);

fn body(keyword: Keyword, rest: &str, escape: char) -> Result<Body, Wrong> {
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

fn run(logical: &Logical, heredocs: Vec<Heredoc>) -> Command {
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
