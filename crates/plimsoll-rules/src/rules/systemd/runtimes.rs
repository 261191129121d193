//! Runtimes that make code while they run.

use super::roots;
use crate::rule::UnitSubject;
use crate::systemd::placed::Command;

/// Programs by the beginning of their names, with what they are.
const PROGRAMS: [(&str, &str); 14] = [
    ("node", "Node.js"),
    ("nodejs", "Node.js"),
    ("deno", "V8"),
    ("bun", "JavaScriptCore"),
    ("java", "the JVM"),
    ("dotnet", ".NET"),
    ("mono", "Mono"),
    ("luajit", "LuaJIT"),
    ("openresty", "LuaJIT"),
    ("pypy", "PyPy"),
    ("wasmtime", "WebAssembly"),
    ("wasmer", "WebAssembly"),
    ("qemu-", "QEMU"),
    ("chromium", "V8"),
];

/// Words in a program that is such a runtime or carries one. Each is in a library's own messages.
const SIGNS: [(&str, &[&str]); 3] =
    [("V8", &["v8::internal", "V8 javascript"]), ("LuaJIT", &["LuaJIT 2."]), ("the JVM", &["libjvm.so"])];

/// What compiles while the program of a command runs; nothing where none is known.
pub(super) fn compiling(command: &Command, subject: &UnitSubject<'_>) -> Option<&'static str> {
    let name = command.program.rsplit('/').next().unwrap_or_default();
    let is_called = |program: &str| {
        let rest = name.strip_prefix(program);
        rest.is_some_and(|rest| {
            rest.chars().all(|c| c.is_ascii_digit() || ".-".contains(c)) || program.ends_with('-')
        })
    };
    if let Some((_, what)) = PROGRAMS.iter().find(|(program, _)| is_called(program)) {
        return Some(what);
    }
    let root = roots::of(subject)?;
    let program = command.program.trim_start_matches('/');
    SIGNS.iter().find(|(_, words)| root.holds(program, words) == Some(true)).map(|(what, _)| *what)
}
