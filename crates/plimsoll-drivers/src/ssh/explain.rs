//! What ssh, sudo and the host's shell say when something does not work, in one sentence that names the way out.

use plimsoll_model::ssh::Destination;

use super::command::Options;
use super::session::last_lines;

/// Why a host is of no use now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    /// What happened and what to do about it.
    pub(super) why: String,
    /// Whether ssh would have asked, had it been allowed to.
    pub(super) asks: bool,
}

impl Trouble {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), asks: false }
    }
}

/// Why ssh gave no connection, from its error output.
pub(super) fn connecting(words: &str, to: &Destination, options: &Options) -> Trouble {
    let said = |part: &str| words.contains(part);
    let by_hand = options.by_hand(to);
    let asks = |why: String| Trouble { why, asks: true };
    if said("REMOTE HOST IDENTIFICATION HAS CHANGED") || said("host key for") && said("has changed") {
        let place = known_place(words).unwrap_or_default();
        return Trouble::new(format!(
            "its host key is not the one that is known{place}: it was set up anew, or somebody is between; compare the \
             key on the host itself, then forget the old one: ssh-keygen -R {}",
            known_name(to)
        ));
    }
    if said("Host key verification failed") || said("host key is known for") {
        return asks(format!(
            "its host key is not known here, and nobody can be asked; look at it and accept it: {by_hand}"
        ));
    }
    if said("Permission denied (") || said("Too many authentication failures") {
        return asks(format!(
            "it accepts none of the keys that ssh offered ({}); try it by hand: {by_hand}",
            last_line_with(words, &["Permission denied", "Too many authentication"])
        ));
    }
    let plain = [
        (
            "Could not resolve hostname",
            "its name is not known: it is no `Host` of ssh's configuration and no name in DNS",
        ),
        ("Connection refused", "nothing listens for ssh there: connection refused"),
        ("timed out", "it does not answer: the connection timed out"),
        ("No route to host", "there is no route to it"),
        ("Network is unreachable", "its network cannot be reached from here"),
        ("not responding", "the link is dead: nothing came back for ten seconds"),
        ("Connection reset", "it closed the connection"),
        ("Connection closed by", "it closed the connection"),
    ];
    match plain.iter().find(|(part, _)| said(part)) {
        // A jump host's trouble looks like the host's own but for its name.
        Some((part, why)) => Trouble::new(format!("{why} (ssh: {})", last_line_with(words, &[part]))),
        None => Trouble::new(match last_lines(words.as_bytes()).as_str() {
            "" => format!("ssh ended without a word; try it by hand: {by_hand}"),
            words => format!("ssh: {words}"),
        }),
    }
}

/// Why something did not work on a host that ssh reaches.
pub(super) fn on_host(words: &str, user: &str) -> Option<String> {
    let said = |part: &str| words.contains(part);
    let sudo =
        said("sudo:") && (said("password is required") || said("not allowed") || said("not in the sudoers"));
    if sudo || said("is not allowed to execute") || said("is not allowed to run sudo") {
        return Some(format!("sudo does not let `{user}` act as root without a password"));
    }
    if said("sudo: command not found") || said("sudo: not found") {
        return Some(format!("`{user}` is not root, and there is no sudo"));
    }
    if said("No space left on device") || said("Disk quota exceeded") {
        return Some("its disk is full".to_owned());
    }
    if said("Read-only file system") {
        return Some("the file system there is read-only".to_owned());
    }
    None
}

/// `~/.ssh/known_hosts:3`, from `Offending ECDSA key in <file>:<line>`.
fn known_place(words: &str) -> Option<String> {
    let line = words.lines().find(|line| line.contains("Offending"))?;
    Some(format!(" ({})", line.split(" in ").nth(1)?.trim()))
}

/// As known hosts are named.
fn known_name(to: &Destination) -> String {
    to.port.filter(|port| *port != 22).map_or(to.host.clone(), |port| format!("'[{}]:{port}'", to.host))
}

fn last_line_with(words: &str, parts: &[&str]) -> String {
    let line = words.lines().rev().find(|line| parts.iter().any(|part| line.contains(part)));
    last_lines(line.unwrap_or_default().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[track_caller]
    fn case(words: &str, parts: &[&str], asks: bool) {
        let options = Options { config: Some("/c".into()), connect_timeout: Duration::from_secs(1) };
        let trouble = connecting(words, &"deploy@web1:2222".parse().unwrap(), &options);
        assert!(parts.iter().all(|part| trouble.why.contains(part)), "{}", trouble.why);
        assert_eq!(trouble.asks, asks, "{}", trouble.why);
    }

    #[test]
    fn every_trouble_says_what_to_do() {
        case("Host key verification failed.\r\n", &["not known", "ssh -F /c -p 2222 deploy@web1 true"], true);
        case(
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nOffending ED25519 key in /keys/.ssh/known_hosts:3\nHost key verification failed.\n",
            &["not the one that is known (/keys/.ssh/known_hosts:3)", "ssh-keygen -R '[web1]:2222'"],
            false,
        );
        case("deploy@web1: Permission denied (publickey).", &["none of the keys", "(publickey)"], true);
        case("ssh: connect to host web1 port 2222: Connection refused", &["nothing listens"], false);
        case("ssh: Could not resolve hostname web1: Name or service not known", &["no name in DNS"], false);
        case("ssh: connect to host web1 port 22: Connection timed out", &["does not answer"], false);
        case("Bad owner or permissions on /keys/.ssh/config", &["ssh: Bad owner"], false);
        case("", &["without a word", "ssh -F /c"], false);
    }
}
