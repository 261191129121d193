//! How the clock is kept. The kernel's own flag (`adjtimex`) is out of reach without unsafe code, so this is what the
//! programs that keep clocks leave behind.

use plimsoll_model::facts::{Clock, Fact};

use super::view::View;

/// Made by systemd-timesyncd when it has reached a server.
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";
/// Programs that keep the clock, as the kernel cuts their names.
const KEEPERS: [&str; 7] =
    ["systemd-timesyn", "chronyd", "ntpd", "ntpd-rs", "ntp-daemon", "openntpd", "ptp4l"];

pub(super) fn facts(view: &View) -> Clock {
    let running = view.running();
    let keeper = KEEPERS.iter().find(|keeper| running.iter().any(|name| name == *keeper));
    let is_container = view.exists("/.dockerenv") || view.exists("/run/systemd/container");
    let synchronised = match keeper {
        Some(&"systemd-timesyn") => Fact::Known(view.exists(SYNCHRONISED)),
        Some(keeper) => Fact::unknown(format!("{keeper} keeps the clock and does not say it in a file")),
        None if is_container => Fact::unknown("this is a container: the machine around it keeps the clock"),
        None if running.is_empty() => Fact::unknown("the running programs are not shown"),
        None => Fact::Known(false),
    };
    Clock { synchronised, keeper: keeper.map(|name| name.replace("timesyn", "timesyncd")) }
}
