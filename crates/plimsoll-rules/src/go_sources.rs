//! What the sources of a Go program tell of what it will need, before it is built.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;

use crate::files::read_text;

/// Folders and files of sources that are looked at; where there are more, nothing is said about them.
const MOST_ENTRIES: usize = 20_000;

/// Bytes of sources that are read; the same.
const MOST_BYTES: usize = 32 << 20;

/// The largest source that is read.
const LARGEST: u64 = 1 << 20;

/// Packages that use the C library's resolver or user database where cgo is on, themselves or through others.
const CGO_BY_DEFAULT: [&str; 8] =
    ["net", "net/http", "net/rpc", "net/smtp", "net/textproto", "os/user", "crypto/tls", "log/syslog"];

/// Something that a source uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The source.
    pub file: String,
    /// The package or function.
    pub what: String,
}

/// What Go sources use, themselves. What their modules use is not known from them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoSources {
    /// What makes the program need a loader where cgo is on.
    pub cgo: Option<Use>,
    /// What opens TLS connections.
    pub tls: Option<Use>,
    /// What looks time zones up.
    pub zones: Option<Use>,
    /// Whether some file brings the time zones: it imports `time/tzdata`.
    pub has_zones: bool,
    /// Whether some file brings CA roots.
    pub has_roots: bool,
}

impl GoSources {
    /// What these files use; those that are no sources of Go are passed over.
    pub(crate) fn of<'f>(files: impl Iterator<Item = (&'f Path, &'f str)>) -> Self {
        let mut sources = Self::default();
        let is_source = |path: &Path| path.extension().is_some_and(|end| end == "go");
        files
            .filter(|(path, _)| is_source(path))
            .for_each(|(path, text)| sources.add(&path.display().to_string(), text));
        sources
    }

    /// What the sources below a folder use; nothing where there are more than are looked at.
    pub(crate) fn below(root: &Path) -> Option<Self> {
        let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
        let mut sources = Self::default();
        let (mut entries, mut bytes) = (0, 0);
        let mut folders = VecDeque::from([root.to_path_buf()]);
        while let Some(folder) = folders.pop_front() {
            for entry in fs::read_dir(folder).ok()?.flatten() {
                entries += 1;
                if entries > MOST_ENTRIES || bytes > MOST_BYTES {
                    return None;
                }
                let (path, name) = (entry.path(), entry.file_name());
                let name = name.to_string_lossy();
                let Ok(kind) = entry.file_type() else { continue };
                let is_passed_over = name.starts_with(['.', '_']) || ["vendor", "testdata"].contains(&&*name);
                if kind.is_dir() && !is_passed_over {
                    folders.push_back(path);
                } else if kind.is_file()
                    && name.ends_with(".go")
                    && !name.ends_with("_test.go")
                    && let Ok(text) = read_text(&path, LARGEST)
                {
                    bytes += text.len();
                    sources.add(&path.strip_prefix(root).unwrap_or(&path).display().to_string(), &text);
                }
            }
        }
        Some(sources)
    }

    /// Adds what a source uses. The first of several uses stays.
    pub fn add(&mut self, file: &str, text: &str) {
        let found = |what: &str| Some(Use { file: file.to_owned(), what: what.to_owned() });
        let imports = imports(text);
        let calls = |names: &[&'static str]| names.iter().copied().find(|name| text.contains(name));
        if let Some(package) = CGO_BY_DEFAULT.iter().chain(&["C"]).find(|package| imports.contains(*package))
        {
            self.cgo = self.cgo.take().or_else(|| found(package));
        }
        let clients = [
            "http.Get(",
            "http.Post(",
            "http.PostForm(",
            "http.Head(",
            "http.Client{",
            "http.DefaultClient",
            "http.NewRequest",
            "tls.Dial",
        ];
        if imports.iter().any(|package| ["net/http", "crypto/tls"].contains(package))
            && let Some(call) = calls(&clients)
        {
            self.tls = self.tls.take().or_else(|| found(call.trim_end_matches(['(', '{'])));
        }
        if imports.contains(&"time") && calls(&["time.LoadLocation("]).is_some() {
            self.zones = self.zones.take().or_else(|| found("time.LoadLocation"));
        }
        self.has_zones |= imports.contains(&"time/tzdata");
        self.has_roots |= imports.contains(&"golang.org/x/crypto/x509roots/fallback");
    }
}

/// The paths that a source imports.
fn imports(text: &str) -> Vec<&str> {
    let mut imports = Vec::new();
    let mut in_block = false;
    for line in text.lines().map(str::trim) {
        let single = line.strip_prefix("import ");
        if single.is_some_and(|rest| rest.trim_start().starts_with('(')) {
            in_block = true;
        } else if in_block && line.starts_with(')') {
            in_block = false;
        } else if in_block || single.is_some() {
            imports.extend(line.split('"').nth(1));
        } else if line.starts_with("func ") {
            break;
        }
    }
    imports
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_found() {
        let text = "package main\nimport \"a\"\nimport x \"b/c\"\nimport (\n\t_ \"d\" // e\n\t\"f\"\n)\nfunc main() { \"g\" }\n";
        assert_eq!(imports(text), ["a", "b/c", "d", "f"]);
    }

    #[test]
    fn sources_below_a_module_are_looked_at() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("cmd")).unwrap();
        fs::write(
            root.path().join("cmd/main.go"),
            "package main\nimport \"time\"\nvar z = time.LoadLocation(\"x\")\n",
        )
        .unwrap();
        fs::write(root.path().join("x_test.go"), "package main\nimport \"net/http\"\n").unwrap();
        let sources = GoSources::below(root.path()).unwrap();
        assert_eq!(sources.zones.unwrap().file, "cmd/main.go");
        assert_eq!(sources.cgo, None);
    }
}
