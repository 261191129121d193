//! What a program tells about the unit that it can live in: whether it makes code while it runs, and whether it says when it
//! is ready.
//!
//! Told by its name, and by words that its own libraries hold. A program that is not one of these is not known to be none.

use std::io::Read as _;
use std::path::Path;

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

/// Words in a program that is such a runtime or carries one.
pub(crate) const COMPILERS: [(&str, &[&str]); 4] = [
    ("V8", &["v8::internal", "V8 javascript"]),
    ("LuaJIT", &["LuaJIT 2."]),
    ("the JVM", &["libjvm.so"]),
    (".NET", &["libcoreclr.so", "DOTNET_ROOT"]),
];

/// What a program holds that speaks to systemd: the variable's name, or the library that reads it.
pub(crate) const NOTIFIERS: [&str; 4] = ["NOTIFY_SOCKET", "sd_notify", "libsystemd", "systemd-notify"];

/// A larger program is not searched.
const MOST_SEARCHED: u64 = 256 << 20;

/// The runtime that a program is known to be by its name.
pub(crate) fn compiler_by_name(program: &str) -> Option<&'static str> {
    let name = program.rsplit('/').next().unwrap_or_default();
    let is_called = |program: &str| {
        let rest = name.strip_prefix(program);
        rest.is_some_and(|rest| {
            rest.chars().all(|c| c.is_ascii_digit() || ".-".contains(c)) || program.ends_with('-')
        })
    };
    PROGRAMS.iter().find(|(program, _)| is_called(program)).map(|(_, what)| *what)
}

/// What in a program makes code while it runs, as far as that is known.
pub fn compiler_in(program: &Path) -> Option<&'static str> {
    let by_name = program.file_name().and_then(|name| compiler_by_name(&name.to_string_lossy()));
    by_name.or_else(|| {
        COMPILERS.iter().find(|(_, words)| holds(program, words) == Some(true)).map(|(what, _)| *what)
    })
}

/// Whether a program speaks to systemd about being ready; nothing where it cannot be read.
pub fn notifies(program: &Path) -> Option<bool> {
    holds(program, &NOTIFIERS)
}

/// Whether a file holds one of these words. It may be large: it is read a piece at a time.
pub(crate) fn holds(path: &Path, words: &[&str]) -> Option<bool> {
    if !path.metadata().is_ok_and(|m| m.is_file() && m.len() <= MOST_SEARCHED) {
        return None;
    }
    let mut file = std::fs::File::open(path).ok()?.take(MOST_SEARCHED);
    let overlap = words.iter().map(|word| word.len()).max().unwrap_or(1);
    let (mut window, mut piece) = (Vec::new(), vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut piece).ok()?;
        if read == 0 {
            return Some(false);
        }
        window.extend_from_slice(&piece[..read]);
        if words.iter().any(|word| has(&window, word.as_bytes())) {
            return Some(true);
        }
        window.drain(..window.len().saturating_sub(overlap));
    }
}

fn has(window: &[u8], word: &[u8]) -> bool {
    let Some((first, rest)) = word.split_first() else { return true };
    let mut from = 0;
    while let Some(at) = window[from..].iter().position(|byte| byte == first) {
        from += at + 1;
        if window[from..].starts_with(rest) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_across_pieces() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut bytes = vec![b'N'; (1 << 20) - 3];
        bytes.extend_from_slice(b"NOTIFY_SOCKET\0");
        std::fs::write(file.path(), &bytes).unwrap();
        assert_eq!(notifies(file.path()), Some(true));
        assert_eq!(compiler_in(file.path()), None);
        assert_eq!(notifies(Path::new("/nonexistent")), None);
        assert_eq!(compiler_in(Path::new("/usr/bin/node18")), Some("Node.js"));
        assert_eq!(compiler_by_name("/usr/bin/nodemon"), None);
    }
}
