//! The rules: a folder for each family, a file for each rule with its page beside it.

pub(crate) mod dockerfile;
pub(crate) mod systemd;
