//! Puts our own program onto a host that does not have it.
//!
//! It goes where its digest says, so that versions do not meet, and is put there by a rename, once the host itself has
//! computed the same digest. What a cut link has brought is kept and gone on from.

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::explain::on_host;
use super::link::{Facts, Link};
use super::program::{Content, machine};
use super::script::{self, Rights, Word};
use super::session::{NoLine, Session, last_lines};
use crate::wire::Timed;

/// How much is sent at once, and how long the link may take for it.
const PIECE: usize = 256 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the host may take to hash and place what it has.
const FINISH: Duration = Duration::from_secs(60);

/// How an attempt ended that did not place it.
enum Failed {
    /// What was there already was damaged, and is gone now.
    Damaged(String),
    /// Anything else.
    Otherwise(String),
}

/// Whether a host can run our program, and where not, why.
pub(super) fn fits(facts: &Facts) -> Result<(), String> {
    if facts.system == "Linux" && same_machine(&facts.machine, machine()) {
        return Ok(());
    }
    Err(format!(
        "it is {} on {}, and this plimsoll is for Linux on {}",
        facts.system,
        facts.machine,
        machine()
    ))
}

fn same_machine(theirs: &str, ours: &str) -> bool {
    // A 32-bit ARM kernel names its step; ours is built for the seventh.
    theirs == ours || ours == "armv7l" && theirs.starts_with("armv8")
}

/// Places the program, unless it is there.
pub(super) fn place(link: &Link, user: &str, rights: Rights) -> Result<(), String> {
    let content = link.common.program.content()?;
    let _pass = link.common.gate.enter();
    match attempt(link, content, user, rights) {
        Ok(()) => Ok(()),
        Err(Failed::Otherwise(why)) => Err(why),
        Err(Failed::Damaged(_)) => match attempt(link, content, user, rights) {
            Ok(()) => Ok(()),
            Err(Failed::Damaged(why) | Failed::Otherwise(why)) => Err(why),
        },
    }
}

fn attempt(link: &Link, content: &Content, user: &str, rights: Rights) -> Result<(), Failed> {
    let root = &link.common.target.root;
    let words = [Word::root(root), Word::digest(&content.digest), Word::number(content.bytes.len())];
    let session = link.session(|command| script::run(command, rights, script::PLACE, &words));
    let mut session = session.map_err(|trouble| Failed::Otherwise(trouble.why))?;
    let have = match session.line(Instant::now() + PATIENCE) {
        Ok(line) => line.strip_prefix("have ").and_then(|n| n.trim().parse::<usize>().ok()),
        Err(no_line) => return Err(Failed::Otherwise(why(link, &mut session, no_line, user, root.as_str()))),
    };
    let rest = content.bytes.get(have.unwrap_or(0)..).unwrap_or_default();
    // Where the host stops reading, it says why.
    let _ = send(&session, rest);
    session.close_input();
    let line = match session.line(Instant::now() + FINISH) {
        Ok(line) => line,
        Err(no_line) => return Err(Failed::Otherwise(why(link, &mut session, no_line, user, root.as_str()))),
    };
    match line.split_once(' ').unwrap_or((&line, "")) {
        ("placed", _) => Ok(()),
        ("full", _) => {
            Err(Failed::Otherwise(format!("its disk is full: plimsoll does not fit into {root}/bin")))
        }
        ("short", _) => Err(Failed::Otherwise(
            "the connection was cut while plimsoll was sent; the next attempt goes on from there".to_owned(),
        )),
        ("damaged", "") => Err(Failed::Otherwise(
            "nothing there computes SHA-256; install one of sha256sum (coreutils), openssl or python3"
                .to_owned(),
        )),
        ("damaged", found) => Err(Failed::Damaged(format!(
            "what arrived is not what was sent: SHA-256 is {found} and should be {}",
            content.digest
        ))),
        ("unusable", _) => Err(Failed::Otherwise(format!(
            "plimsoll was placed in {root}/bin and cannot be run there ({}); is the file system mounted `noexec`? Name \
             another folder: root = \"...\"",
            last_lines(session.words().as_bytes())
        ))),
        _ => Err(Failed::Otherwise(format!("it answered `{line}`, which is not understood"))),
    }
}

fn send(session: &Session, bytes: &[u8]) -> std::io::Result<()> {
    for piece in bytes.chunks(PIECE) {
        Timed { stream: session.stream(), until: Instant::now() + PATIENCE }.write_all(piece)?;
    }
    Ok(())
}

fn why(link: &Link, session: &mut Session, no_line: NoLine, user: &str, root: &str) -> String {
    let words = session.words();
    if let Some(trouble) = link.why_dead() {
        return trouble.why;
    }
    if let Some(why) = on_host(&words, user) {
        return why;
    }
    match no_line {
        NoLine::Late => "it does not answer: plimsoll could not be placed in time".to_owned(),
        NoLine::Ended { noise } => {
            let said = last_lines(format!("{noise}\n{words}").as_bytes());
            format!("plimsoll cannot be placed in {root}/bin: {said}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_told_apart() {
        assert!(same_machine("x86_64", "x86_64") && same_machine("armv8l", "armv7l"));
        assert!(!same_machine("aarch64", "x86_64") && !same_machine("armv6l", "armv7l"));
    }
}
