//! A setting that systemd gives up. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;
use crate::systemd::file::Assignment;

pub(super) const RULE: Rule = Rule {
    id: "SYSD014",
    name: "deprecated-unit-setting",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("sysd014.md"),
    check: Check::Unit(look),
};

/// Settings that are on their way out, or gone, with what stands for them; nothing where nothing does.
const SETTINGS: [(&str, &str); 26] = [
    ("BindTo", "BindsTo"),
    ("BlockIOAccounting", "IOAccounting"),
    ("BlockIODeviceWeight", "IODeviceWeight"),
    ("BlockIOReadBandwidth", "IOReadBandwidthMax"),
    ("BlockIOWeight", "IOWeight"),
    ("BlockIOWriteBandwidth", "IOWriteBandwidthMax"),
    ("BusPolicy", ""),
    ("CPUAccounting", ""),
    ("CPUShares", "CPUWeight"),
    ("Capabilities", "AmbientCapabilities"),
    ("IgnoreOnSnapshot", ""),
    ("InaccessibleDirectories", "InaccessiblePaths"),
    ("MemoryLimit", "MemoryMax"),
    ("NetClass", ""),
    ("OnFailureIsolate", "OnFailureJobMode"),
    ("PermissionsStartOnly", "ExecStartPre=+"),
    ("PropagateReloadFrom", "ReloadPropagatedFrom"),
    ("PropagateReloadTo", "PropagatesReloadTo"),
    ("ReadOnlyDirectories", "ReadOnlyPaths"),
    ("ReadWriteDirectories", "ReadWritePaths"),
    ("RequiresOverridable", "Requires"),
    ("RequisiteOverridable", "Requisite"),
    ("StartLimitInterval", "StartLimitIntervalSec"),
    ("StartupBlockIOWeight", "StartupIOWeight"),
    ("StartupCPUShares", "StartupCPUWeight"),
    ("SysVStartPriority", ""),
];

/// Settings of `[Unit]` that `[Service]` still takes.
const MOVED: [&str; 4] = ["StartLimitBurst", "StartLimitAction", "FailureAction", "RebootArgument"];

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    for assignment in &subject.file.file.assignments {
        if let Some((message, fix)) = old(assignment) {
            sheet.add(assignment.place, message, fix);
        }
    }
}

fn old(assignment: &Assignment) -> Option<(String, String)> {
    let (key, value) = (assignment.key.as_str(), assignment.value.as_str());
    if let Some((_, new)) = SETTINGS.iter().find(|(old, _)| *old == key) {
        let fix = if new.is_empty() {
            "take the line out".to_owned()
        } else {
            format!("use `{}=`", new.trim_end_matches("=+"))
        };
        return Some((format!("`{key}=` is given up by systemd"), fix));
    }
    if assignment.section == "Service" && MOVED.contains(&key) {
        return Some((
            format!("`{key}=` belongs into [Unit]; [Service] takes it only for old units"),
            "move it to [Unit]".to_owned(),
        ));
    }
    let is_syslog = ["StandardOutput", "StandardError"].contains(&key) && value.starts_with("syslog");
    if is_syslog {
        return Some((
            "systemd writes to the journal instead of syslog".to_owned(),
            "use `journal`".to_owned(),
        ));
    }
    let below = value.strip_prefix("/var/run/").filter(|_| key == "PIDFile" || key.starts_with("Listen"))?;
    Some(("/var/run is a link that old hosts have".to_owned(), format!("write `/run/{below}`")))
}
