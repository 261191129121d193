//! What is known of base images without pulling them.

use crate::dockerfile::{Body, Dockerfile, Image};

/// A base image as far as its name tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    /// Nothing at all.
    Scratch,
    /// CA roots, zones and users, but no libraries and no shell.
    Static {
        /// Whether it says that it is not root.
        nonroot: bool,
    },
    /// As `Static`, with glibc.
    Glibc {
        /// Whether it says that it is not root.
        nonroot: bool,
    },
    /// An official image of a distribution or language, by name.
    Official(String),
    /// Anything else.
    Unknown,
}

/// Official images that run as root.
const OFFICIAL: [&str; 22] = [
    "almalinux",
    "alpine",
    "amazonlinux",
    "archlinux",
    "busybox",
    "centos",
    "debian",
    "eclipse-temurin",
    "fedora",
    "gcc",
    "golang",
    "httpd",
    "nginx",
    "node",
    "openjdk",
    "oraclelinux",
    "perl",
    "php",
    "python",
    "ruby",
    "rust",
    "ubuntu",
];

impl Base {
    /// What an image's name tells.
    pub(super) fn of(image: &Image) -> Self {
        if image.is_scratch() {
            return Self::Scratch;
        }
        let tag = image.tag.as_deref().unwrap_or_default();
        let name = image.path.rsplit('/').next().unwrap_or_default();
        if image.path.starts_with("distroless/") && !tag.contains("debug") {
            let nonroot = tag.contains("nonroot");
            return if name.starts_with("static") {
                Self::Static { nonroot }
            } else {
                Self::Glibc { nonroot }
            };
        }
        let is_library = match image.registry.as_deref() {
            None => !image.path.contains('/') || image.path.starts_with("library/"),
            Some("docker.io" | "index.docker.io") => image.path.starts_with("library/"),
            Some(_) => false,
        };
        if is_library && OFFICIAL.contains(&name) { Self::Official(name.to_owned()) } else { Self::Unknown }
    }

    /// Whether a dynamic program may find its loader. What is not known counts as yes, here and below.
    pub(super) fn has_loader(&self) -> bool {
        !matches!(self, Self::Scratch | Self::Static { .. })
    }

    /// Whether there may be a zone database.
    pub(super) fn has_zones(&self) -> bool {
        !self.is_one_of(&["alpine", "busybox", "ubuntu"])
    }

    /// Whether there may be CA roots.
    pub(super) fn has_roots(&self) -> bool {
        !self.is_one_of(&["busybox", "debian", "ubuntu"])
    }

    /// Whether there may be a shell.
    pub(super) fn has_shell(&self) -> bool {
        matches!(self, Self::Official(_) | Self::Unknown)
    }

    /// Whether it surely runs as root where nothing else is said.
    pub(super) fn is_root(&self) -> bool {
        match self {
            Self::Scratch | Self::Official(_) => true,
            Self::Static { nonroot } | Self::Glibc { nonroot } => !nonroot,
            Self::Unknown => false,
        }
    }

    /// Whether it is empty or one of these official images.
    fn is_one_of(&self, names: &[&str]) -> bool {
        match self {
            Self::Scratch => true,
            Self::Official(name) => names.contains(&name.as_str()),
            _ => false,
        }
    }
}

/// Whether something is copied into a stage that may be a shell: `busybox`, a folder of programs, a whole file system.
pub(super) fn brings_shell(file: &Dockerfile, stage: usize) -> bool {
    let stages = file.lineage(stage);
    stages.flat_map(|stage| file.in_stage(stage)).any(|instruction| match &instruction.body {
        Body::Copy(transfer) | Body::Add(transfer) => {
            let suspicious = |source: &String| {
                let end = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                ["", "bin", "busybox", "sh", "bash"].contains(&end)
                    || source.contains(".tar")
                    || source.contains("rootfs")
            };
            transfer.sources.iter().any(suspicious)
        }
        Body::Shell(_) => true,
        _ => false,
    })
}

/// The image that the last stage begins with, where it is known that no shell is in it and none is brought.
pub(crate) fn shellless_base(file: &Dockerfile) -> Option<&str> {
    let last = file.last_stage()?;
    let image = &file.stages[file.lineage(last).last()?].image;
    (!Base::of(image).has_shell() && !brings_shell(file, last)).then_some(image.text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_is_inside() {
        for (name, loader, zones, shell, root) in [
            ("scratch", false, false, false, true),
            ("gcr.io/distroless/static:nonroot", false, true, false, false),
            ("gcr.io/distroless/base-debian12", true, true, false, true),
            ("gcr.io/distroless/base:debug", true, true, true, false),
            ("alpine:3.20", true, false, true, true),
            ("docker.io/library/debian:12", true, true, true, true),
            ("registry.example/debian", true, true, true, false),
            ("team/debian", true, true, true, false),
        ] {
            let base = Base::of(&Image::new(name));
            let told = (base.has_loader(), base.has_zones(), base.has_shell(), base.is_root());
            assert_eq!(told, (loader, zones, shell, root), "{name}");
        }
    }
}
