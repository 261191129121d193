//! Kinds of files, told by their names and, where many share one, by their text.

use std::path::Path;

use crate::secrets::Style;
use crate::systemd;

/// What a file is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Instructions to build an image.
    Dockerfile,
    /// Services of Docker Compose.
    Compose,
    /// Objects of Kubernetes.
    Kubernetes,
    /// A workflow of GitHub Actions.
    Workflow,
    /// Jobs of GitLab CI.
    GitlabCi,
    /// What a project says that it needs: `package.json`, `Cargo.toml`.
    Manifest,
    /// What was chosen for it: `package-lock.json`, `Cargo.lock`.
    Lock,
    /// Variables for a program, a line each.
    Environment,
    /// A unit of systemd, or a drop-in of one.
    Unit,
    /// YAML that is nothing of the above until its text is known.
    Yaml,
    /// Any other text; secrets are looked for.
    Text,
    /// Any kind of file: what is said about comments that allow findings.
    Any,
}

/// How comments begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comments {
    /// `#`
    Hash,
    /// `//`
    Slashes,
    /// As in any language.
    Any,
    /// There are none.
    None,
}

/// A kind with what is known about it.
struct About {
    kind: Kind,
    /// Its name in output.
    name: &'static str,
    /// The largest file that is read, in bytes.
    largest: u64,
    /// The name of a typical file.
    typical: &'static str,
}

const fn about(kind: Kind, name: &'static str, largest: u64, typical: &'static str) -> About {
    About { kind, name, largest, typical }
}

const MIB: u64 = 1 << 20;

/// Every kind.
const KINDS: [About; 12] = [
    about(Kind::Dockerfile, "dockerfile", MIB, "Dockerfile"),
    about(Kind::Compose, "compose", MIB, "compose.yaml"),
    about(Kind::Kubernetes, "kubernetes", 4 * MIB, "deploy.yaml"),
    about(Kind::Workflow, "workflow", MIB, ".github/workflows/ci.yml"),
    about(Kind::GitlabCi, "gitlab-ci", MIB, ".gitlab-ci.yml"),
    about(Kind::Manifest, "manifest", MIB, "package.json"),
    about(Kind::Lock, "lock", 32 * MIB, "package-lock.json"),
    about(Kind::Environment, "environment", MIB, ".env"),
    about(Kind::Unit, "unit", MIB, "app.service"),
    about(Kind::Yaml, "yaml", 4 * MIB, "x.yaml"),
    about(Kind::Text, "text", 32 * MIB, "notes.txt"),
    about(Kind::Any, "any", MIB, "Dockerfile"),
];

/// Manifests by name.
const MANIFESTS: [&str; 11] = [
    "package.json",
    "cargo.toml",
    "go.mod",
    "pyproject.toml",
    "requirements.in",
    "pipfile",
    "composer.json",
    "gemfile",
    "build.gradle",
    "build.gradle.kts",
    "pom.xml",
];

/// Lock files by name.
const LOCKS: [&str; 13] = [
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "cargo.lock",
    "go.sum",
    "pipfile.lock",
    "poetry.lock",
    "uv.lock",
    "composer.lock",
    "gemfile.lock",
    "gradle.lockfile",
    "requirements.txt",
];

/// Ends of names of files that hold no text, or text that nobody wrote.
const NO_TEXT: [&str; 48] = [
    "7z", "a", "avif", "bin", "bmp", "bz2", "class", "dat", "db", "dll", "dylib", "eot", "exe", "gif", "gz",
    "ico", "jar", "jpeg", "jpg", "lz4", "min.js", "min.css", "mov", "mp3", "mp4", "o", "ogg", "otf",
    "parquet", "pdf", "png", "pyc", "rlib", "rmeta", "so", "sqlite", "svg", "tar", "tgz", "ttf", "wasm",
    "wav", "webm", "webp", "woff", "woff2", "xz", "zst",
];

/// Ends of names of programs.
const PROGRAMS: [&str; 24] = [
    "c", "cc", "cpp", "cs", "ex", "exs", "go", "groovy", "h", "hpp", "java", "js", "jsx", "kt", "lua", "mjs",
    "php", "pl", "py", "rb", "rs", "scala", "ts", "tsx",
];

/// Ends of names of settings.
const SETTINGS: [&str; 18] = [
    "bash",
    "cfg",
    "cnf",
    "conf",
    "config",
    "env",
    "envrc",
    "hcl",
    "ini",
    "json",
    "properties",
    "sh",
    "tf",
    "tfvars",
    "toml",
    "yaml",
    "yml",
    "xml",
];

impl Kind {
    fn about(self) -> &'static About {
        KINDS.iter().find(|about| about.kind == self).expect("each kind is in the table; a test sees to it")
    }

    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|about| about.kind)
    }

    /// Its name in output.
    pub fn name(self) -> &'static str {
        self.about().name
    }

    /// The largest file of this kind that is read, in bytes.
    pub fn largest(self) -> u64 {
        self.about().largest
    }

    /// The name of a typical file of this kind.
    pub fn typical(self) -> &'static str {
        self.about().typical
    }

    /// The kind of a file in a folder, or nothing where there are no checks for it.
    pub fn of(path: &Path) -> Option<Self> {
        if systemd::placed::named(path).is_some() {
            return Some(Self::Unit);
        }
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let name = name.as_str();
        // `Dockerfile.dockerignore` says what is not sent to the builder.
        if is_dockerfile(name) && !name.ends_with(".dockerignore") {
            return Some(Self::Dockerfile);
        }
        if is_requirements(name) || LOCKS.contains(&name) {
            return Some(Self::Lock);
        }
        if MANIFESTS.contains(&name) {
            return Some(Self::Manifest);
        }
        if let Some(stem) = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")) {
            return Some(of_yaml(path, stem));
        }
        if name == ".env"
            || name.starts_with(".env.")
            || Path::new(name).extension().is_some_and(|end| end == "env")
        {
            return Some(Self::Environment);
        }
        let is_text =
            !NO_TEXT.iter().any(|end| name.strip_suffix(end).is_some_and(|stem| stem.ends_with('.')));
        is_text.then_some(Self::Text)
    }

    /// The kind, now that the text is known.
    pub(crate) fn told_by(self, text: &str, named: bool) -> Self {
        if self == Self::Text && named && begins_as_dockerfile(text) {
            return Self::Dockerfile;
        }
        // Other things end in `.path` or `.scope` too; a unit has a section.
        if self == Self::Unit && !text.lines().any(|line| line.trim_start().starts_with('[')) {
            return Self::Text;
        }
        if self != Self::Yaml {
            return self;
        }
        let has = |key: &str| text.lines().any(|line| line.starts_with(key));
        if has("apiVersion:") && has("kind:") { Self::Kubernetes } else { Self::Text }
    }

    /// How values stand in a file, for those who look for secrets.
    pub(crate) fn style(self, path: &Path) -> Style {
        let end = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        match self {
            Self::Lock | Self::Manifest | Self::Any => Style::Other,
            Self::Text if PROGRAMS.contains(&end.as_str()) => Style::Program,
            Self::Text if !SETTINGS.contains(&end.as_str()) => Style::Other,
            _ => Style::Settings,
        }
    }

    /// How comments begin in a file.
    pub(crate) fn comments(self, path: &Path) -> Comments {
        let lower =
            |name: Option<&std::ffi::OsStr>| name.unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let (name, end) = (lower(path.file_name()), lower(path.extension()));
        match (self, end.as_str()) {
            (Self::Text | Self::Any, _) | (_, "xml") => Comments::Any,
            (_, "json" | "sum") => Comments::None,
            _ if ["pipfile.lock", "composer.lock"].contains(&name.as_str()) => Comments::None,
            (_, "mod" | "gradle" | "kts") => Comments::Slashes,
            _ => Comments::Hash,
        }
    }
}

fn is_dockerfile(name: &str) -> bool {
    // `dockerfile.go` parses them, `dockerfile.vim` colours them.
    let is_about =
        |end: &str| PROGRAMS.contains(&end) || ["html", "json", "md", "vim", "yaml", "yml"].contains(&end);
    if name.rsplit_once('.').is_some_and(|(_, end)| is_about(end)) {
        return false;
    }
    let stem = name.split('.').next().unwrap_or_default();
    ["dockerfile", "containerfile"].contains(&stem)
        || name.ends_with(".dockerfile")
        || name.ends_with(".containerfile")
}

/// Whoever names a file that begins with `FROM` means a Dockerfile, whatever it is called.
fn begins_as_dockerfile(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().is_some_and(|line| {
        line.split_whitespace().next().is_some_and(|word| ["FROM", "ARG"].contains(&word))
    })
}

/// `requirements.txt`, `requirements-dev.txt`, `dev-requirements.txt`
fn is_requirements(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".txt") else { return false };
    stem.starts_with("requirements") || stem.ends_with("requirements")
}

fn of_yaml(path: &Path, stem: &str) -> Kind {
    let folder = path.parent().unwrap_or(Path::new(""));
    if folder.ends_with(".github/workflows") {
        return Kind::Workflow;
    }
    let is_compose = |word: &str| {
        stem == word || stem.strip_prefix(word).is_some_and(|rest| rest.starts_with(['.', '-', '_']))
    };
    match stem {
        ".gitlab-ci" => Kind::GitlabCi,
        _ if stem.ends_with(".gitlab-ci") => Kind::GitlabCi,
        _ if is_compose("compose") || is_compose("docker-compose") => Kind::Compose,
        _ => Kind::Yaml,
    }
}

impl Comments {
    /// The signs that begin one.
    pub(crate) const fn signs(self) -> &'static [&'static str] {
        match self {
            Self::Hash => &["#"],
            Self::Slashes => &["//"],
            Self::Any => &["#", "//", "--", ";", "<!--", "/*", "%", "*"],
            Self::None => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_in_the_table() {
        for kind in Kind::all() {
            assert!(!kind.name().is_empty() && kind.largest() > 0);
            if ![Kind::Any, Kind::Kubernetes].contains(&kind) {
                assert_eq!(Kind::of(Path::new(kind.typical())), Some(kind), "{kind:?}");
            }
        }
    }

    #[test]
    fn kinds_are_told_by_names() {
        for (kind, names) in [
            (
                Kind::Dockerfile,
                "Dockerfile Containerfile Dockerfile.prod api.Dockerfile web.dockerfile a/Dockerfile",
            ),
            (Kind::Compose, "compose.yml docker-compose.prod.yaml a/docker-compose-dev.yml"),
            (Kind::Workflow, ".github/workflows/release.yaml /x/.github/workflows/a.yml"),
            (Kind::GitlabCi, ".gitlab-ci.yml ci/test.gitlab-ci.yml"),
            (Kind::Lock, "Cargo.lock a/go.sum requirements-dev.txt dev-requirements.txt Gemfile.lock"),
            (Kind::Manifest, "Cargo.toml go.mod package.json Gemfile"),
            (Kind::Environment, ".env .env.production prod.env .env.example"),
            (Kind::Yaml, "a.yaml composer.yaml"),
            (Kind::Unit, "a.service b@.socket c@x.timer a.service.d/x.conf service.d/x.conf"),
            (
                Kind::Text,
                "Dockerfile.dockerignore .dockerignore Dockerfiles docker.go dockerfile.go dockerfile.vim README.md id_rsa .envrc",
            ),
        ] {
            for name in names.split(' ') {
                assert_eq!(Kind::of(Path::new(name)), Some(kind), "{name}");
            }
        }
        for name in ["a.png", "x/libc.so", "app.min.js", "/"] {
            assert_eq!(Kind::of(Path::new(name)), None, "{name}");
        }
    }

    #[test]
    fn a_named_file_is_told_by_its_beginning() {
        assert_eq!(Kind::Text.told_by("# x\nFROM scratch\n", true), Kind::Dockerfile);
        assert_eq!(Kind::Text.told_by("FROM scratch\n", false), Kind::Text);
    }

    #[test]
    fn objects_of_kubernetes_are_told_by_their_text() {
        assert_eq!(Kind::Yaml.told_by("---\napiVersion: v1\nkind: Pod\n", false), Kind::Kubernetes);
        assert_eq!(Kind::Yaml.told_by("a: 1\n", false), Kind::Text);
        assert_eq!(Kind::Compose.told_by("a: 1\n", false), Kind::Compose);
    }
}
