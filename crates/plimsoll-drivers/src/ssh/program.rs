//! Our own program, as it is sent to hosts: read once, named by its digest.

use std::path::PathBuf;
use std::sync::OnceLock;

use plimsoll_model::Digest;

/// The program and its content, read when it is first asked for.
#[derive(Debug)]
pub(super) struct Program {
    path: PathBuf,
    content: OnceLock<Result<Content, String>>,
}

/// The content.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) digest: Digest,
}

impl Program {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, content: OnceLock::new() }
    }

    pub(super) fn content(&self) -> Result<&Content, String> {
        let read = || match std::fs::read(&self.path) {
            Ok(bytes) => Ok(Content { digest: Digest::of(&bytes), bytes }),
            Err(error) => {
                Err(format!("this program's own file {} cannot be read: {error}", self.path.display()))
            }
        };
        self.content.get_or_init(read).as_ref().map_err(Clone::clone)
    }
}

/// Our processor, as `uname -m` names it.
pub(super) fn machine() -> &'static str {
    match std::env::consts::ARCH {
        "arm" => "armv7l",
        "x86" => "i686",
        other => other,
    }
}
