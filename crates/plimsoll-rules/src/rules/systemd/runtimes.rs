//! Runtimes that make code while they run, told by the command and by the program where it can be read.

use super::roots;
use crate::rule::UnitSubject;
use crate::systemd::placed::Command;
use crate::systemd::program::{COMPILERS, compiler_by_name};

/// What compiles while the program of a command runs; nothing where none is known.
pub(super) fn compiling(command: &Command, subject: &UnitSubject<'_>) -> Option<&'static str> {
    compiler_by_name(&command.program).or_else(|| {
        let root = roots::of(subject)?;
        let program = command.program.trim_start_matches('/');
        COMPILERS.iter().find(|(_, words)| root.holds(program, words) == Some(true)).map(|(what, _)| *what)
    })
}
