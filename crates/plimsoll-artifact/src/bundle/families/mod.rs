//! What kinds of programs open at run time, and where it is: one file per subject. A family says whether it is wanted, by what
//! the files tell, and then adds what it finds and asks for what it does not.

mod certificates;
mod character_sets;
mod git;
mod locales;
mod name_services;
mod nginx;
mod openssl;
mod pam;
mod perl;
mod python;
mod terminals;
mod time_zones;
mod unwinder;

use plimsoll_model::bundle::RunTimeState;

use super::BundleError;
use super::evidence::Evidence;
use super::gathering::Gathering;

/// A subject that programs open at run time.
struct Family {
    /// Its name, also after `--without`.
    name: &'static str,
    /// What shows that it is wanted, if anything does.
    wanted: fn(&Evidence) -> Option<String>,
    /// Adds what is there, and says what became of it.
    add: fn(&mut Gathering, why: &str) -> Result<(), BundleError>,
}

const FAMILIES: [Family; 13] = [
    git::FAMILY,
    nginx::FAMILY,
    python::FAMILY,
    perl::FAMILY,
    openssl::FAMILY,
    pam::FAMILY,
    certificates::FAMILY,
    name_services::FAMILY,
    character_sets::FAMILY,
    locales::FAMILY,
    time_zones::FAMILY,
    terminals::FAMILY,
    unwinder::FAMILY,
];

/// What only glibc opens; musl has all of it inside.
const OF_GLIBC: [&str; 4] =
    [name_services::FAMILY.name, character_sets::FAMILY.name, locales::FAMILY.name, unwinder::FAMILY.name];

/// The names that `--without` takes.
pub fn names() -> Vec<&'static str> {
    FAMILIES.iter().map(|family| family.name).collect()
}

/// Whether a word is such a name.
pub(super) fn is_one(what: &str) -> bool {
    names().contains(&what)
}

/// Asks every family until none has more to say: what one adds may want another, as Python's modules want OpenSSL's.
pub(super) fn add(gathering: &mut Gathering) -> Result<(), BundleError> {
    let mut left: Vec<&Family> = FAMILIES.iter().collect();
    loop {
        let wanted = left.iter().position(|family| (family.wanted)(&gathering.evidence).is_some());
        let Some(family) = wanted.map(|at| left.remove(at)) else { return Ok(()) };
        let why = (family.wanted)(&gathering.evidence).unwrap_or_default();
        if gathering.is_musl() && OF_GLIBC.contains(&family.name) {
            continue;
        }
        if gathering.is_left_out(family.name) {
            gathering.tell(family.name, RunTimeState::LeftOut, why, None);
        } else if gathering.is_static {
            let advice = "the program is static and bundled as itself, so nothing is set for it: the target's are used";
            gathering.tell(family.name, RunTimeState::Asked, why, Some(advice.to_owned()));
        } else {
            (family.add)(gathering, &why)?;
        }
    }
}

/// The reason that a file takes one of these functions from a library.
fn calls(evidence: &Evidence, functions: &[&str]) -> Option<String> {
    evidence.import(functions).map(|(function, file)| format!("{file} calls {function}"))
}

/// The reason that a file has a text.
fn mentions(evidence: &Evidence, mark: &str) -> Option<String> {
    evidence.text_with(mark).map(|(_, file)| format!("{file} reads {mark}"))
}
