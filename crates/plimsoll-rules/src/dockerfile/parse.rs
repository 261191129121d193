//! Text to a [`Dockerfile`].

use plimsoll_model::finding::Place;

use super::body::{Body, Command};
use super::contents::{body, flags, run};
use super::heredoc;
use super::instruction::{Instruction, Keyword};
use super::logical::{Lines, Logical, place};
use super::stage::{Stage, stages};
use super::words;
use crate::source::{Comment, Source};

/// Instructions beyond this are not looked at; the file says so as a problem.
const MOST: usize = 20_000;

/// The same for stages, which rules follow back to the first one.
const MOST_STAGES: usize = 200;

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
    let mut from_count = 0;
    while let Some(mut logical) = lines.logical() {
        if instructions.len() + problems.len() >= MOST || from_count >= MOST_STAGES {
            problems.push(too_many(&source, &logical));
            break;
        }
        match instruction(&source, &mut lines, &mut logical, 0) {
            Ok(instruction) => {
                from_count += usize::from(matches!(instruction.body, Body::From { .. }));
                instructions.push(instruction);
            }
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
        message: format!(
            "this file has {MOST} instructions or {MOST_STAGES} stages; the rest was not looked at"
        ),
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
