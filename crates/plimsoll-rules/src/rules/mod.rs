//! The rules: a folder for each family, a file for each rule with its page beside it.

pub(crate) mod compose;
pub(crate) mod dockerfile;
pub(crate) mod environment;
pub(crate) mod kubernetes;
pub(crate) mod lock;
pub(crate) mod pipelines;
pub(crate) mod secrets;
pub(crate) mod systemd;
