//! The folder that releases and state are in, and the disk below it.

use plimsoll_model::facts::{Disk, Fact, HostFacts};
use plimsoll_model::preflight::{Answer, CheckId};
use plimsoll_model::size::human;

use super::Question;
use super::sheet::{Asked, Sheet};

/// Copies of the artifact that there should be room for: the new release, the one before it, and one on its way.
const COPIES: u64 = 3;
/// Room for state and logs whatever the artifact's size.
const LEAST: u64 = 100_000_000;
/// Files of a release and of the state of its instances.
const FEWEST_FILES: u64 = 32;
/// Files below which the next releases come to their end.
const FEW_FILES: u64 = 1000;

pub(super) fn judge(sheet: &mut Sheet<'_>, question: &Question<'_>, facts: &HostFacts) {
    let root = &facts.root;
    let point =
        |disk: &Disk| disk.mount.known().map_or_else(|| root.existing.clone(), |mount| mount.point.clone());
    writable(sheet, facts, &point);
    match &root.disk {
        Fact::Known(disk) => {
            executable(sheet, &root.path, disk, &point(disk));
            room(sheet, question, root.has_release == Some(true), disk, &point(disk));
            files(sheet, question, disk, &point(disk));
        }
        Fact::Unknown(why) => {
            let asked = Asked::error(CheckId::Disk, format!("the disk of {} is not known", root.path));
            sheet.answer(asked, Answer::Unknown, why.clone());
        }
    }
}

fn writable(sheet: &mut Sheet<'_>, facts: &HostFacts, point: &dyn Fn(&Disk) -> String) {
    let root = &facts.root;
    let who = facts.user.name.clone().unwrap_or_else(|| facts.user.uid.to_string());
    let read_only = root.disk.known().filter(|disk| disk.read_only);
    let fix = match read_only {
        Some(disk) => format!("sudo mount -o remount,rw {}", point(disk)),
        None => format!("sudo install -d -o {who} -m 0755 {}", root.path),
    };
    let asked = Asked::error(CheckId::Writable, format!("nothing can be written to {}", root.path)).fix(fix);
    let measured = match read_only {
        Some(disk) => format!("{} is mounted read-only", point(disk)),
        None => format!("{who} at {}", root.existing),
    };
    sheet.by_fact(asked, &root.writable, |writable| (*writable, measured));
}

fn executable(sheet: &mut Sheet<'_>, root: &str, disk: &Disk, point: &str) {
    let asked = Asked::error(CheckId::Exec, format!("no program below {root} can be started")).fix(format!(
        "sudo mount -o remount,exec {point}    or keep releases elsewhere: `root` of the environment"
    ));
    let without = if disk.no_exec { "" } else { "without " };
    sheet.answer(asked, yes_if(!disk.no_exec), format!("{point} is mounted {without}noexec"));
}

fn room(sheet: &mut Sheet<'_>, question: &Question<'_>, is_here: bool, disk: &Disk, point: &str) {
    let artifact = question.release.filter(|_| !is_here).map_or(0, |release| release.size);
    let declared = question.requires.disk.unwrap_or(0);
    let wished = artifact.saturating_mul(COPIES).max(LEAST);
    let certain = artifact.max(declared);
    let what = format!("too little room on {point}");
    let asked = if disk.free < certain {
        Asked::error(CheckId::Disk, what)
    } else {
        Asked::warning(CheckId::Disk, what)
    };
    let needed = match (disk.free < certain, declared) {
        (true, 0) => format!("{} for the artifact", human(artifact)),
        (true, _) => human(certain),
        (false, 0) if artifact > 0 => format!("{} (3 times the artifact and at least 100 MB)", human(wished)),
        (false, 0) => human(LEAST),
        (false, declared) => human(declared),
    };
    let asked = asked
        .needed(needed)
        .fix(format!("`plimsoll prune` removes releases that nothing needs; `du -xh {point} | sort -h | tail` shows what is large"));
    // Who declares how much is enough is believed.
    let enough = disk.free >= certain && (declared > 0 || disk.free >= wished);
    sheet.answer(asked, yes_if(enough), format!("{} free of {}", human(disk.free), human(disk.total)));
}

fn files(sheet: &mut Sheet<'_>, question: &Question<'_>, disk: &Disk, point: &str) {
    let certain = question.requires.inodes.unwrap_or(0).max(FEWEST_FILES);
    let what = format!("too few files can still be made on {point}");
    let Some(free) = disk.free_inodes else {
        let asked = Asked::error(CheckId::Inodes, what);
        return sheet.answer(asked, Answer::Yes, "the file system does not count files");
    };
    let (asked, needed) = if free < certain {
        (Asked::error(CheckId::Inodes, what), certain)
    } else {
        (Asked::warning(CheckId::Inodes, what), certain.max(FEW_FILES))
    };
    let asked = asked
        .needed(format!("{needed} files"))
        .fix(format!("`sudo du --inodes -x {point} | sort -n | tail` shows the folders with the most files"));
    sheet.answer(asked, yes_if(free >= needed), format!("{free} left"));
}

fn yes_if(condition: bool) -> Answer {
    if condition { Answer::Yes } else { Answer::No }
}
