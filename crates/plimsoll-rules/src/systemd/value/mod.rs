//! What values mean, and which ones systemd ignores.

mod lists;
mod number;
mod time;
mod words;

pub use lists::{is_architecture, is_device, is_errno};
pub use number::mode;
pub use time::span;

use super::keys::versioned;

/// What is wrong with a value, as a fragment.
pub type Judge = fn(&str) -> Result<(), String>;

/// What the value of a setting is.
#[derive(Debug, Clone)]
pub enum Type {
    /// One of these words, with the version that each came with; `true`: or a boolean.
    Word(Vec<(&'static str, u32)>, bool),
    /// Everything is accepted, or it is not judged here.
    Any,
    /// A type with a function of its own: what is wrong with a value.
    Of(&'static str, Judge),
    /// A name in the table that stands for nothing; a test sees to it that there is none.
    Unnamed,
}

/// The types by their names in the table.
const TYPES: &[(&str, Judge)] = &[
    ("bool", words::boolean_value),
    ("tristate", words::tristate),
    ("urls", words::urls),
    ("user", words::user),
    ("users", lists::users),
    ("unit", words::unit),
    ("service", words::service),
    ("units", lists::units),
    ("slice", words::slice),
    ("sockets", lists::sockets),
    ("install", lists::install),
    ("mounts", lists::absolute_paths),
    ("path", words::path),
    ("paths", lists::paths),
    ("env-file", words::environment_file),
    ("working-directory", words::working_directory),
    ("folders", lists::folders),
    ("folders-plain", lists::folders_plain),
    ("delegate", lists::delegate),
    ("condition-path", words::condition_path),
    ("environment", lists::environment),
    ("names", lists::names),
    ("exec", words::command),
    ("bus-name", words::bus_name),
    ("signal", words::signal),
    ("status", lists::status),
    ("exit-status", number::exit_status),
    ("action", words::action),
    ("job-mode", words::job_mode),
    ("level", words::level),
    ("facility", words::facility),
    ("output", words::output),
    ("input", words::input),
    ("personality", words::personality),
    ("io-class", words::io_class),
    ("cpu-policy", words::cpu_policy),
    ("tos", words::tos),
    ("calendar", time::calendar),
    ("sec", time::seconds),
    ("sec0", time::seconds_or_nothing),
    ("nsec", time::nanoseconds),
    ("limit-time", time::limit),
    ("mode", number::mode_value),
    ("unsigned", number::unsigned),
    ("int", number::integer),
    ("long", number::long),
    ("size", number::size),
    ("limit", number::limit),
    ("limit-count", number::limit_count),
    ("limit-nice", number::limit_nice),
    ("memory", number::memory),
    ("memory-some", number::memory_above_none),
    ("tasks", number::tasks),
    ("weight", number::weight),
    ("cpu-weight", number::cpu_weight),
    ("quota", number::quota),
    ("percent", number::percent),
    ("nice", number::nice),
    ("oom-score", number::oom_score),
    ("io-priority", number::io_priority),
    ("cpu-priority", number::cpu_priority),
    ("terminal-size", number::terminal_size),
    ("cpus", lists::cpus),
    ("capabilities", lists::capabilities),
    ("families", lists::families),
    ("namespaces", lists::namespaces),
    ("architectures", lists::architectures),
    ("errno", lists::errno),
    ("calls", lists::calls),
    ("device", lists::device),
    ("addresses", lists::addresses),
];

impl Type {
    /// Whether any value is right, or none is judged.
    pub const fn is_any(&self) -> bool {
        matches!(self, Self::Any | Self::Unnamed)
    }

    /// The type of a name in the table.
    pub(super) fn named(name: &'static str) -> Self {
        if name == "any" {
            return Self::Any;
        }
        let (words, or_boolean) = name.strip_prefix("bool+").map_or((name, false), |words| (words, true));
        let (words, or_nothing) = words.strip_suffix('?').map_or((words, false), |words| (words, true));
        if let Some(list) = words.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let nothing = or_nothing.then_some(("", 252));
            return Self::Word(list.split(' ').map(versioned).chain(nothing).collect(), or_boolean);
        }
        TYPES
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(Self::Unnamed, |(known, check)| Self::Of(known, *check))
    }

    /// Its name, for messages.
    pub fn name(&self) -> String {
        match self {
            Self::Any | Self::Unnamed => "any".to_owned(),
            Self::Of(name, _) => (*name).to_owned(),
            Self::Word(words, _) => words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join("|"),
        }
    }

    /// What is wrong with a value for a version of systemd, as a fragment.
    pub fn check(&self, value: &str, systemd: u32) -> Result<(), String> {
        match self {
            Self::Any | Self::Unnamed => Ok(()),
            Self::Of(_, check) => check(value),
            Self::Word(words, or_boolean) => word(value, words, *or_boolean, systemd),
        }
    }
}

fn word(value: &str, words: &[(&str, u32)], or_boolean: bool, systemd: u32) -> Result<(), String> {
    if or_boolean && boolean(value).is_some() {
        return Ok(());
    }
    match words.iter().find(|(word, _)| *word == value) {
        Some((_, since)) if *since <= systemd => Ok(()),
        Some((word, since)) => Err(format!("`{word}` came with systemd {since}")),
        None => {
            let known = words.iter().filter(|(word, since)| *since <= systemd && !word.is_empty());
            let known: Vec<&str> = known.map(|(word, _)| *word).collect();
            let boolean = if or_boolean { "`yes`, `no`, " } else { "" };
            Err(format!("it is none of {boolean}`{}`", known.join("`, `")))
        }
    }
}

/// A boolean as systemd writes it.
pub fn boolean(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(&["1", "yes", "y", "true", "t", "on"]) {
        Some(true)
    } else {
        is(&["0", "no", "n", "false", "f", "off"]).then_some(false)
    }
}

/// Whether a value has a specifier: what it becomes is known only where the unit is.
pub fn has_specifier(text: &str) -> bool {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '%' && characters.next().is_some_and(|c| c != '%' && c.is_ascii_alphabetic()) {
            return true;
        }
    }
    false
}
