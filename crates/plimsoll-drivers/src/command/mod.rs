//! Outside programs: compilers, git, the project's own tests. They are run without a shell, in a process group of
//! their own, with every line of output passed on and none of it piling up in memory.
//!
//! [`SystemCommands`] starts real processes; [`ScriptedCommands`] answers from a script, so that a whole pipeline
//! can be simulated. The builders and the facts about the source are written against [`Commands`] alone.

mod find;
mod lines;
mod mask;
mod outcome;
mod passing;
mod scripted;
mod system;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use lines::{Lines, readable};
pub use mask::{Mask, shown};
pub use outcome::{Ending, Outcome, StartError};
pub use scripted::{Reply, ScriptedCommands};
pub use system::SystemCommands;

/// What is to be run, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandOrder {
    /// The program: a name that is looked for in `PATH`, or a path (with a `/`), relative to `folder`.
    pub program: String,
    /// Its arguments, passed as they are.
    pub args: Vec<OsString>,
    /// The folder it runs in.
    pub folder: PathBuf,
    /// Variables set in its environment.
    pub variables: BTreeMap<String, String>,
    /// Variables taken out of its environment.
    pub removed: BTreeSet<String>,
    /// Whether it starts from a bare environment ([`CLEAN_VARIABLES`]) instead of inheriting ours.
    pub clean: bool,
    /// The longest time that it may take.
    pub timeout: Duration,
    /// How its standard output is passed on. Its error output always comes in lines.
    pub stdout: Form,
    /// How many of its last lines the outcome keeps for messages.
    pub keep_lines: usize,
}

/// What a command still inherits when it is run in a clean environment.
pub const CLEAN_VARIABLES: [&str; 7] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// How standard output is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Line by line, made readable: see [`Output::Line`].
    Lines,
    /// As it comes, in pieces of any length. For output that a program reads; it is not kept for messages.
    Bytes,
}

/// One of the two streams that a command writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// A piece of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output<'a> {
    /// A line, without its line break, escape sequences and control characters; masked; cut after 8 KiB.
    Line {
        /// Where it was written.
        stream: Stream,
        /// The line.
        text: &'a str,
    },
    /// A piece of standard output under [`Form::Bytes`], as it was written.
    Bytes(&'a [u8]),
}

/// Runs outside programs.
pub trait Commands: Send + Sync {
    /// Runs one command to its end and passes on what it writes, in order within each stream.
    ///
    /// An implementer returns soon after the order's timeout at the latest, leaves no process of the command's
    /// process group behind, and holds a bounded part of the output in memory. A slow `on_output` slows the command
    /// down; it never loses lines.
    fn run(&self, order: &CommandOrder, on_output: &mut dyn FnMut(Output<'_>)) -> Outcome;

    /// A variable of the environment that commands inherit.
    fn variable(&self, name: &str) -> Option<String>;
}

impl CommandOrder {
    /// An order with the inherited environment, no arguments and an hour's time.
    pub fn new(program: impl Into<String>, folder: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            folder: folder.into(),
            variables: BTreeMap::new(),
            removed: BTreeSet::new(),
            clean: false,
            timeout: Duration::from_secs(3600),
            stdout: Form::Lines,
            keep_lines: 20,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Bounds the time.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Asks for standard output as it comes.
    #[must_use]
    pub fn bytes(mut self) -> Self {
        self.stdout = Form::Bytes;
        self
    }
}

/// Runs a command whose standard output a program reads, and returns at most `limit` bytes of it; lines of the error
/// output go to `on_error`. The second value says whether there was more.
pub(crate) fn read(
    commands: &dyn Commands,
    order: CommandOrder,
    limit: usize,
    on_error: &mut dyn FnMut(&str),
) -> (Outcome, Vec<u8>, bool) {
    let mut bytes = Vec::new();
    let mut more = false;
    let outcome = commands.run(&order.bytes(), &mut |output| match output {
        Output::Bytes(piece) => {
            let room = limit - bytes.len();
            more |= piece.len() > room;
            bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        }
        Output::Line { text, .. } => on_error(text),
    });
    (outcome, bytes, more)
}
