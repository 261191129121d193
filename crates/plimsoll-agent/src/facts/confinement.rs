//! Who the agent is, and what confines programs: `SELinux`, `AppArmor`, limits on open files.

use plimsoll_model::facts::{Confinement, Fact, FileLimit, SelinuxMode, User};
use rustix::process::{Resource, geteuid, getrlimit};

use super::view::View;

pub(super) fn facts(view: &View) -> Confinement {
    let selinux = match view.text_if_there("/sys/fs/selinux/enforce") {
        Ok(None) => Fact::Known(SelinuxMode::Absent),
        Ok(Some(text)) if text.trim() == "1" => Fact::Known(SelinuxMode::Enforcing),
        Ok(Some(_)) => Fact::Known(SelinuxMode::Permissive),
        Err(why) => Fact::Unknown(why),
    };
    let apparmor = view.text_if_there("/sys/module/apparmor/parameters/enabled");
    Confinement { selinux, apparmor: apparmor.map(|text| text.is_some_and(|t| t.trim() == "Y")).into() }
}

pub(super) fn user(view: &View) -> User {
    let uid = geteuid().as_raw();
    let text = view.text("/etc/passwd").unwrap_or_default();
    let name = text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.chars().take(64).collect::<String>())
    });
    let lingers = match &name {
        // What belongs to root is the system's, and never ends with a session.
        _ if uid == 0 => Fact::Known(true),
        Some(name) if !name.contains('/') => {
            Fact::Known(view.exists(&format!("/var/lib/systemd/linger/{name}")))
        }
        _ => Fact::unknown(format!("user {uid} has no name in /etc/passwd")),
    };
    User { uid, name, lingers }
}

pub(super) fn open_files() -> Fact<FileLimit> {
    let limit = getrlimit(Resource::Nofile);
    Fact::Known(FileLimit { soft: limit.current, hard: limit.maximum })
}
