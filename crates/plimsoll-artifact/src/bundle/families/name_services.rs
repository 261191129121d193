//! Names of users and hosts: glibc loads a module for each service that `/etc/nsswitch.conf` names.

use std::collections::BTreeSet;
use std::fs;

use plimsoll_model::bundle::{FileKind, RunTimeState};

use super::super::BundleError;
use super::super::gathering::Gathering;
use super::{Family, calls};
use crate::elf::inspect_file;

pub(super) const FAMILY: Family =
    Family { name: "name-services", wanted: |evidence| calls(evidence, &FUNCTIONS), add };

const FUNCTIONS: [&str; 22] = [
    "getaddrinfo",
    "getnameinfo",
    "gethostbyname",
    "gethostbyname_r",
    "gethostbyname2",
    "gethostbyname2_r",
    "gethostbyaddr",
    "gethostbyaddr_r",
    "getpwnam",
    "getpwnam_r",
    "getpwuid",
    "getpwuid_r",
    "getpwent",
    "getgrnam",
    "getgrnam_r",
    "getgrgid",
    "getgrgid_r",
    "getgrent",
    "getgrouplist",
    "initgroups",
    "getservbyname",
    "getservbyname_r",
];
/// What glibc does where there is no `nsswitch.conf`.
const ALWAYS: [&str; 2] = ["dns", "files"];
const LARGEST: u64 = 1 << 20;

fn add(gathering: &mut Gathering, why: &str) -> Result<(), BundleError> {
    let mut added = Vec::new();
    for service in services() {
        let name = format!("libnss_{service}.so.2");
        let Some(path) = gathering.find_library(&name) else { continue };
        if gathering.put_elf(&path, &format!("lib/{name}"), FileKind::Library)?
            && let Ok(facts) = inspect_file(&path)
        {
            gathering.add_needs(&path, &facts)?;
        }
        added.push(service);
    }
    let modules = if added.is_empty() { "those in glibc itself".to_owned() } else { added.join(", ") };
    let why = format!("{why}; modules: {modules}");
    let advice = "the target's /etc/nsswitch.conf chooses among them; without one it is `files` and `dns`, which read \
                  its /etc/passwd, /etc/hosts and /etc/resolv.conf";
    gathering.tell(FAMILY.name, RunTimeState::Added, why, Some(advice.to_owned()));
    Ok(())
}

/// The services that this machine's `nsswitch.conf` names.
fn services() -> BTreeSet<String> {
    let path = "/etc/nsswitch.conf";
    let small = fs::metadata(path).is_ok_and(|metadata| metadata.len() <= LARGEST);
    let text = if small { fs::read_to_string(path).unwrap_or_default() } else { String::new() };
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let words = lines.filter_map(|line| line.split_once(':')).flat_map(|(_, words)| words.split_whitespace());
    let is_plain = |word: &&str| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    words.filter(is_plain).chain(ALWAYS).map(str::to_owned).collect()
}
