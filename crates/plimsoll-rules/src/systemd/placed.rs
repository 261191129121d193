//! A unit where it lies: the file that is judged, and the unit that it makes together with what lies beside it.

use std::path::Path;

use plimsoll_model::finding::Place;

use super::file::{Assignment, UnitFile};
use super::unit::{Kind, Unit, UnitName};
use super::value;
use super::words::{Backslash, split};
use crate::source::Source;
use crate::surroundings::Surroundings;

/// A unit file with what it is part of.
#[derive(Debug, Clone)]
pub struct PlacedUnit {
    /// The file that is judged.
    pub file: UnitFile,
    /// The unit: this file and its drop-ins; of a drop-in only itself.
    pub unit: Unit,
    /// Whether the file only adds to a unit that is somewhere else.
    pub is_drop_in: bool,
}

/// A command of `ExecStart=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What stands before the program: `-`, `@`, `:`, `+`, `!`.
    pub prefix: String,
    /// The program as it is written.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

/// The unit that a file is about, told by its path: `x.service`, or `x.service.d/y.conf`.
pub(crate) fn named(path: &Path) -> Option<(UnitName, bool)> {
    let file_name = path.file_name()?.to_str()?;
    if let Some(folder) = path.parent().and_then(Path::file_name).and_then(|name| name.to_str())
        && is_conf(path)
        && let Some(unit) = folder.strip_suffix(".d")
    {
        // `service.d` holds for all services.
        let name = UnitName::new(unit).or_else(|| UnitName::new(&format!("x.{unit}")))?;
        return Some((name, true));
    }
    Some((UnitName::new(file_name)?, false))
}

impl PlacedUnit {
    /// A file with what lies beside it.
    pub(crate) fn new(source: Source, around: &Surroundings) -> Self {
        let fallback = || (UnitName::new("x.service").expect("it is a name"), false);
        let (name, is_drop_in) = named(Path::new(&source.path)).unwrap_or_else(fallback);
        let mut sources = vec![source.clone()];
        let folder = format!("{}.d", name.full());
        if let Some(beside) = around.at(&folder).filter(|_| !is_drop_in && around.has(&folder) == Some(true))
        {
            let names = beside.names();
            for file in names.iter().flat_map(|names| names.iter()).filter(|file| is_conf(Path::new(file))) {
                sources.extend(beside.text(file).map(|text| Source::new(format!("{folder}/{file}"), &*text)));
            }
        }
        let unit = Unit::of_texts(name, sources);
        let file = unit.files.first().cloned().unwrap_or_else(|| UnitFile::parse(source, Kind::Service));
        Self { file, unit, is_drop_in }
    }

    /// Whether it is the whole of a service.
    pub fn is_service(&self) -> bool {
        self.unit.name.kind == Kind::Service && !self.is_drop_in && !self.file.is_refused()
    }

    /// Whether it is a service that should be there all the time.
    pub fn is_long_running(&self) -> bool {
        self.is_service()
            && self.service("Type") != Some("oneshot")
            && !self.unit.list("Service", "ExecStart").is_empty()
    }

    /// The value of a setting in `[Service]` that takes one; the last one that is not empty counts.
    pub fn service(&self, key: &str) -> Option<&str> {
        self.value("Service", key)
    }

    /// The value of a setting that takes one.
    pub fn value(&self, section: &str, key: &str) -> Option<&str> {
        self.unit
            .last(section, key)
            .map(|assignment| assignment.value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Whether a setting of `[Service]` is on.
    pub fn is_on(&self, key: &str) -> bool {
        self.service(key).and_then(value::boolean) == Some(true)
    }

    /// The first of these settings that is in this file, and where it stands.
    pub fn assignment(&self, keys: &[&str]) -> Option<&Assignment> {
        keys.iter().find_map(|key| self.file.assignments.iter().rfind(|assignment| assignment.key == *key))
    }

    /// Where one of these settings stands in this file; the head of its section where none does.
    pub fn place(&self, keys: &[&str], section: &str) -> Place {
        let head =
            || self.file.sections.iter().find(|head| head.name == section).or(self.file.sections.first());
        let of_assignment = self.assignment(keys).map(|assignment| assignment.place);
        of_assignment
            .or_else(|| head().map(|head| head.place))
            .unwrap_or_else(|| self.file.source.whole_lines(1, 1))
    }

    /// The commands of these settings.
    pub fn commands(&self, keys: &[&str]) -> Vec<Command> {
        let lists = keys.iter().flat_map(|key| self.unit.list("Service", key));
        lists.filter_map(|assignment| command(&assignment.value, assignment.place)).collect()
    }

    /// The words of all assignments of a list.
    pub fn words(&self, section: &str, key: &str) -> Vec<String> {
        let list = self.unit.list(section, key);
        list.iter()
            .flat_map(|assignment| split(&assignment.value, Backslash::Relaxed).unwrap_or_default())
            .collect()
    }
}

fn command(value: &str, place: Place) -> Option<Command> {
    let mut words = split(value, Backslash::Relaxed).ok()?.into_iter();
    let first = words.next()?;
    let program = first.trim_start_matches(['-', '@', ':', '+', '!']).to_owned();
    let prefix = first[..first.len() - program.len()].to_owned();
    // Behind `@` stands what the program is told that it is called.
    let skipped = usize::from(prefix.contains('@'));
    Some(Command { prefix, program, arguments: words.skip(skipped).collect(), place })
}

fn is_conf(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "conf")
}
