//! The table of `systemd-analyze security`: rows with weights. Names and weights are systemd's; the sentences are ours.
//!
//! A row that came with a later systemd says so with [`Row::since`]; the score of a version has the rows up to it.

mod account;
mod calls;
mod capabilities;
mod reach;
mod view;

use super::effective::Flags;

/// A row.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its name in systemd's JSON.
    pub field: &'static str,
    /// Its name in systemd's table: the setting that it is about.
    pub name: &'static str,
    /// How much it counts.
    pub weight: u32,
    /// How bad it is at worst.
    pub range: u32,
    /// How bad it is.
    pub measure: Measure,
    /// Whether it applies only to units with `DefaultDependencies=yes`: others run before what it needs is there.
    pub default_dependencies_only: bool,
    /// The first systemd that has it.
    pub since: u32,
    /// What the service may do, as a fragment.
    pub may: &'static str,
    /// What would lower it.
    pub lower: &'static str,
    /// What would break by that.
    pub breaks: &'static str,
}

/// How a row is judged.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub enum Measure {
    /// A setting that should be on.
    Flag(fn(&Flags) -> bool),
    /// Capabilities of which it should have none.
    Capabilities(&'static [&'static str]),
    /// A kind of namespace that it should not make.
    Namespace(&'static str),
    /// Families of sockets that it should not open; those without a row of their own where this is empty.
    Families(&'static [&'static str]),
    /// A group of system calls that it should not make.
    Calls(&'static str),
    Addresses,
    Ambient,
    Architectures,
    Delegate,
    Devices,
    Home,
    Keyring,
    Notify,
    Proc,
    ProcSubset,
    RemoveIpc,
    Root,
    SupplementaryGroups,
    System,
    UMask,
    User,
}

/// A row as 252 has it, still without its sentences.
const fn row(field: &'static str, name: &'static str, (weight, range): (u32, u32), measure: Measure) -> Row {
    let (may, lower, breaks) = ("", "", "");
    Row {
        field,
        name,
        weight,
        range,
        measure,
        default_dependencies_only: false,
        since: 252,
        may,
        lower,
        breaks,
    }
}

impl Row {
    const fn says(self, may: &'static str, lower: &'static str, breaks: &'static str) -> Self {
        Self { may, lower, breaks, ..self }
    }

    const fn default_dependencies_only(self) -> Self {
        Self { default_dependencies_only: true, ..self }
    }
}

/// The rows of a version of systemd.
pub fn rows(systemd: u32) -> impl Iterator<Item = &'static Row> {
    let all = [account::ROWS, view::ROWS, reach::ROWS, capabilities::ROWS, calls::ROWS];
    all.into_iter().flatten().filter(move |row| row.since <= systemd)
}
