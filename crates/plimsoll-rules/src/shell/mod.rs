//! Shell text: which commands it runs with which words, and whether it has pipes.
//!
//! This is a parser for POSIX shell with what is usual of bash, as far as the checks need: it finds every simple command,
//! also inside of substitutions and compound commands, removes quotes, and expands nothing. It stands for itself:
//! [`script`] takes text from anywhere. Text that a shell would not accept gives an empty [`Script`], for guessing at
//! half of it would accuse people of commands that they did not write.

mod command;
mod parser;

pub use command::{Command, Script};
pub use parser::{SyntaxError, parse};

/// What a text runs; nothing where no shell accepts it.
pub fn script(text: &str) -> Script {
    parse(text).unwrap_or_default()
}
