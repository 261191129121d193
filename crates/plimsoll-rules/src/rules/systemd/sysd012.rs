//! A line that hardens the service and breaks its program. The page beside this file says why.

use plimsoll_model::Severity;

use super::runtimes;
use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;
use crate::systemd::exposure::effective::Effective;

pub(super) const RULE: Rule = Rule {
    id: "SYSD012",
    name: "hardening-breaks-program",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("sysd012.md"),
    check: Check::Unit(look),
};

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    let placed = subject.file;
    let effective = Effective::of(&placed.unit);
    for command in placed.commands(&["ExecStart"]) {
        if effective.flags.memory_deny_write_execute
            && let Some(runtime) = runtimes::compiling(&command, subject)
        {
            let place = placed.place(&["MemoryDenyWriteExecute"], "Service");
            let message = format!(
                "{} compiles while it runs ({runtime}), which MemoryDenyWriteExecute= refuses",
                command.program
            );
            sheet
                .add(place, message, "take `MemoryDenyWriteExecute=` out")
                .note("would be", "the program ends while it starts");
        }
        if ["yes", "tmpfs"].contains(&&*effective.protect_home) && is_home(&command.program) {
            let place = placed.place(&["ProtectHome"], "Service");
            let message = format!("{} is in a home, which ProtectHome= takes away", command.program);
            sheet
                .add(place, message, "install the program elsewhere, as /usr/local/bin")
                .note("would be", "status=203/EXEC");
        }
        let device =
            command.arguments.iter().find(|argument| argument.starts_with("/dev/") && !is_plain(argument));
        if let Some(device) = device.filter(|_| effective.flags.private_devices) {
            let place = placed.place(&["PrivateDevices"], "Service");
            sheet.add(
                place,
                format!("PrivateDevices= takes {device} away, which the program is told to use"),
                "use `DevicePolicy=closed` with `DeviceAllow=` instead",
            );
        }
    }
    let folder =
        placed.service("WorkingDirectory").map(|path| path.trim_start_matches('-')).unwrap_or_default();
    let in_home = folder == "~" || is_home(folder);
    if effective.protect_home == "yes" && in_home && !effective.user.is_empty() {
        let place = placed.place(&["ProtectHome"], "Service");
        sheet
            .add(
                place,
                "WorkingDirectory= is in a home, which ProtectHome= takes away",
                "use `StateDirectory=` and its folder",
            )
            .note("would be", "status=200/CHDIR");
    }
}

/// Whether a path is in a folder that `ProtectHome=` takes away.
fn is_home(path: &str) -> bool {
    let mut parts = path.trim_start_matches('/').split('/');
    match (path.starts_with('/'), parts.next()) {
        (true, Some("home" | "root")) => true,
        (true, Some("run")) => parts.next() == Some("user"),
        _ => false,
    }
}

/// Devices that every service has.
fn is_plain(path: &str) -> bool {
    [
        "/dev/null",
        "/dev/zero",
        "/dev/full",
        "/dev/random",
        "/dev/urandom",
        "/dev/tty",
        "/dev/stdout",
        "/dev/stderr",
        "/dev/stdin",
        "/dev/log",
        "/dev/shm",
    ]
    .iter()
    .any(|plain| path.starts_with(plain))
}
