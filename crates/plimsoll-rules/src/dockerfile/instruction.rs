//! An instruction: its keyword, flags, what it says, and where it stands.

use plimsoll_model::finding::Place;

use super::body::Body;

/// One instruction of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// What it says.
    pub body: Body,
    /// Its flags, in their order.
    pub flags: Vec<Flag>,
    /// Where it stands, here-documents included.
    pub place: Place,
    /// The number of the stage that it belongs to; absent before the first `FROM`.
    pub stage: Option<usize>,
    /// Whether it runs only when another image is built on this one.
    pub onbuild: bool,
}

/// A flag: `--from=build`, `--link`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Its name without the dashes.
    pub name: String,
    /// Its value, where it has one.
    pub value: Option<String>,
}

impl Instruction {
    /// The value of a flag.
    pub fn flag(&self, name: &str) -> Option<&str> {
        self.flags.iter().find(|flag| flag.name == name)?.value.as_deref()
    }

    /// The value of one of a mount's keys, for every `--mount` of these types.
    fn mounts<'a>(&'a self, types: &'a [&str]) -> impl Iterator<Item = &'a str> {
        let mounts = self.flags.iter().filter(|flag| flag.name == "mount");
        mounts.filter_map(|flag| flag.value.as_deref()).filter_map(move |mount| {
            let get = |names: &[&str]| {
                let mut pairs = mount.split(',').filter_map(|pair| pair.split_once('='));
                pairs.find(|(key, _)| names.contains(key)).map(|(_, value)| value)
            };
            types
                .contains(&get(&["type"]).unwrap_or("bind"))
                .then(|| get(&["target", "dst", "destination"]))?
        })
    }

    /// Whether what is written to this folder stays out of the layer: it, or a folder above it, is a cache or lies in
    /// memory.
    pub fn keeps_out(&self, folder: &str) -> bool {
        self.mounts(&["cache", "tmpfs"]).any(|target| {
            let target = target.trim_end_matches('/');
            folder == target || folder.strip_prefix(target).is_some_and(|rest| rest.starts_with('/'))
        })
    }

    /// The same for a folder in some user's home, wherever that is: `.cache/pip`.
    pub fn keeps_out_of_home(&self, folder: &str) -> bool {
        let parents =
            || std::iter::successors(Some(folder), |path| path.rsplit_once('/').map(|(above, _)| above));
        self.mounts(&["cache", "tmpfs"]).any(|target| {
            let target = target.trim_end_matches('/');
            parents().any(|folder| target.strip_suffix(folder).is_some_and(|above| above.ends_with('/')))
        })
    }
}

/// What an instruction begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyword {
    /// `ADD`
    Add,
    /// `ARG`
    Arg,
    /// `CMD`
    Cmd,
    /// `COPY`
    Copy,
    /// `ENTRYPOINT`
    Entrypoint,
    /// `ENV`
    Env,
    /// `EXPOSE`
    Expose,
    /// `FROM`
    From,
    /// `HEALTHCHECK`
    Healthcheck,
    /// `LABEL`
    Label,
    /// `MAINTAINER`
    Maintainer,
    /// `ONBUILD`
    Onbuild,
    /// `RUN`
    Run,
    /// `SHELL`
    Shell,
    /// `STOPSIGNAL`
    StopSignal,
    /// `USER`
    User,
    /// `VOLUME`
    Volume,
    /// `WORKDIR`
    Workdir,
}

impl Keyword {
    /// Every keyword with its name.
    const NAMES: [(&'static str, Self); 18] = [
        ("ADD", Self::Add),
        ("ARG", Self::Arg),
        ("CMD", Self::Cmd),
        ("COPY", Self::Copy),
        ("ENTRYPOINT", Self::Entrypoint),
        ("ENV", Self::Env),
        ("EXPOSE", Self::Expose),
        ("FROM", Self::From),
        ("HEALTHCHECK", Self::Healthcheck),
        ("LABEL", Self::Label),
        ("MAINTAINER", Self::Maintainer),
        ("ONBUILD", Self::Onbuild),
        ("RUN", Self::Run),
        ("SHELL", Self::Shell),
        ("STOPSIGNAL", Self::StopSignal),
        ("USER", Self::User),
        ("VOLUME", Self::Volume),
        ("WORKDIR", Self::Workdir),
    ];

    /// The keyword of a word, in capital letters or not.
    pub fn new(word: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        found.map(|(_, keyword)| *keyword)
    }

    /// The keyword that a word was probably meant to be.
    pub(super) fn like(word: &str) -> Option<&'static str> {
        let word = word.to_ascii_uppercase();
        let near = Self::NAMES.iter().map(|(name, _)| (strsim::damerau_levenshtein(name, &word), *name));
        near.min().filter(|(distance, _)| *distance <= 2).map(|(_, name)| name)
    }

    /// Whether it may have flags.
    pub(super) const fn has_flags(self) -> bool {
        matches!(self, Self::Add | Self::Copy | Self::From | Self::Healthcheck | Self::Run)
    }

    /// Whether it may have here-documents.
    pub(super) const fn has_heredocs(self) -> bool {
        matches!(self, Self::Add | Self::Copy | Self::Run)
    }
}
