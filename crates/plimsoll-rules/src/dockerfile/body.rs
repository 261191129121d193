//! What the instructions say, one kind each.

use super::heredoc::Heredoc;
use super::image::Image;
use super::instruction::Instruction;
use crate::shell::Script;

/// What an instruction says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// `ADD`
    Add(Transfer),
    /// `ARG`: names, with their defaults as they stand there.
    Arg(Vec<(String, Option<String>)>),
    /// `CMD`
    Cmd(Command),
    /// `COPY`
    Copy(Transfer),
    /// `ENTRYPOINT`
    Entrypoint(Command),
    /// `ENV`
    Env(Vec<Pair>),
    /// `EXPOSE`: ports as they stand there.
    Expose(Vec<String>),
    /// `FROM`
    From {
        /// The image, or the name of a stage before.
        image: Image,
        /// The stage's name.
        alias: Option<String>,
    },
    /// `HEALTHCHECK`; nothing where it is `NONE`.
    Healthcheck(Option<Command>),
    /// `LABEL`
    Label(Vec<Pair>),
    /// `MAINTAINER`
    Maintainer,
    /// `ONBUILD`
    Onbuild(Box<Instruction>),
    /// `RUN`
    Run(Command),
    /// `SHELL`: the program and its arguments.
    Shell(Vec<String>),
    /// `STOPSIGNAL`
    StopSignal(String),
    /// `USER`, without quotes.
    User(String),
    /// `VOLUME`
    Volume,
    /// `WORKDIR`, without quotes.
    Workdir(String),
}

/// A command: a JSON array that is started as it is, or text for the shell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// The text as it stands there.
    pub text: String,
    /// The array, in the exec form.
    pub exec: Option<Vec<String>>,
    /// What the shell makes of it; the program alone in the exec form. Empty where it is no shell text.
    pub script: Script,
    /// The line of each of the script's commands.
    pub lines: Vec<u32>,
    /// Here-documents.
    pub heredocs: Vec<Heredoc>,
}

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The name without quotes.
    pub key: String,
    /// The value as it stands there.
    pub raw: String,
    /// The value without quotes and escapes.
    pub value: String,
}

/// Files to copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transfer {
    /// What is copied, without quotes; here-documents by their names.
    pub sources: Vec<String>,
    /// Where to, without quotes.
    pub target: String,
}
