//! Kinds of files, told by their names.

use std::path::Path;

/// What a file is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Instructions to build an image.
    Dockerfile,
    /// Any kind of file: what is said about comments that allow findings.
    Any,
}

impl Kind {
    /// Its name in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dockerfile => "dockerfile",
            Self::Any => "any",
        }
    }

    /// The largest file of this kind that is read, in bytes.
    pub const fn largest(self) -> u64 {
        match self {
            Self::Dockerfile | Self::Any => 1 << 20,
        }
    }

    /// The kind of a file in a folder, or nothing where there are no checks for it.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let lower = name.to_ascii_lowercase();
        // `Dockerfile.dockerignore` says what is not sent to the builder.
        if lower.ends_with(".dockerignore") {
            return None;
        }
        let stem = lower.split('.').next().unwrap_or_default();
        let is_dockerfile = ["dockerfile", "containerfile"].contains(&stem)
            || lower.ends_with(".dockerfile")
            || lower.ends_with(".containerfile");
        is_dockerfile.then_some(Self::Dockerfile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockerfiles_are_told_by_their_names() {
        for name in [
            "Dockerfile",
            "Containerfile",
            "Dockerfile.prod",
            "api.Dockerfile",
            "web.dockerfile",
            "a/Dockerfile",
        ] {
            assert_eq!(Kind::of(Path::new(name)), Some(Kind::Dockerfile), "{name}");
        }
        for name in ["Dockerfile.dockerignore", ".dockerignore", "Dockerfiles", "docker.go", "README.md", "/"]
        {
            assert_eq!(Kind::of(Path::new(name)), None, "{name}");
        }
    }
}
