//! A server with 1024 open files. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "SYSD018",
    name: "few-open-files",
    aliases: &[],
    severity: Severity::Info,
    on: true,
    page: include_str!("sysd018.md"),
    check: Check::Unit(look),
};

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    let placed = subject.file;
    if placed.is_long_running() && placed.service("LimitNOFILE").is_none() {
        let place = placed.place(&[], "Service");
        sheet
            .add(place, "the service begins with 1024 open files, connections included", "add `LimitNOFILE=65536`")
            .note("not needed", "by programs that raise it themselves: Go since 1.19, the JVM, nginx with worker_rlimit_nofile");
    }
}
