//! Everything that a host's login shell is ever given to read.
//!
//! A command is a constant below, or the path of our program, followed by [`Word`]s. The constants are one line without
//! `'`, `!` or line breaks, so that they are one quoted word in sh, bash, zsh, fish and csh alike; a word's alphabet has
//! no character that any of them treats specially. Nothing else may ever be sent: no quoting is clever enough for five
//! shells.

use std::fmt::Write as _;
use std::process::Command;

use plimsoll_model::ssh::{RemoteRoot, Scope};
use plimsoll_model::{Digest, ServiceName};

/// Says what the host is and has, and then holds the connection open until our end of it goes.
///
/// Words: root, digest, service.
pub(super) const LOOK: &str = r#"b=$1/bin; p=no; f=no; e=no; [ -x "$b/$2/plimsoll" ] && p=yes; [ -x "$b/plimsoll" ] && f=yes; [ -d "$1/$3" ] && e=yes; echo "plimsoll:host $(uname -s) $(uname -m) $(id -u) $(id -un) $p $f $e"; exec cat >/dev/null"#;

/// Takes our program from its input, from where an earlier attempt was cut off, and puts it into its place once its
/// digest is right. Attempts at the same time each have a file of their own; what is left of one that was cut off is
/// taken over by whoever renames it first.
///
/// Words: root, digest, length in bytes.
pub(super) const PLACE: &str = r#"umask 022; s=$2; d=$1/bin; u=$d/.$s.$$; mkdir -p "$d" && { mv "$d/.$s.part" "$u" 2>/dev/null; :; } && touch "$u" || exit 73; echo "plimsoll:have $(wc -c <"$u")"; cat >>"$u" || { rm -f "$u"; echo plimsoll:full; exit 74; }; if [ "$(wc -c <"$u")" -lt "$3" ]; then mv -f "$u" "$d/.$s.part"; echo plimsoll:short; exit 75; fi; h=$({ sha256sum "$u" || sha256 -q "$u" || openssl dgst -sha256 -r "$u" || python3 -c "import hashlib,sys; print(hashlib.sha256(open(sys.argv[1],\"rb\").read()).hexdigest())" "$u"; } 2>/dev/null | cut -c1-64); [ "$h" = "$s" ] || { rm -f "$u"; echo "plimsoll:damaged $h"; exit 76; }; chmod 755 "$u" && mkdir -p "$d/$s" && mv -f "$u" "$d/$s/plimsoll" || exit 73; "$d/$s/plimsoll" --version >/dev/null || { echo plimsoll:unusable; exit 77; }; echo plimsoll:placed"#;

/// A word that is the same in every shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word(String);

impl Word {
    pub(super) fn root(root: &RemoteRoot) -> Self {
        Self::checked(root.word().to_owned())
    }

    pub(super) fn digest(digest: &Digest) -> Self {
        Self::checked(digest.to_string())
    }

    pub(super) fn service(service: &ServiceName) -> Self {
        Self::checked(service.to_string())
    }

    pub(super) fn number(number: usize) -> Self {
        Self(number.to_string())
    }

    /// The model's types allow no other characters; this is the wall behind them.
    fn checked(text: String) -> Self {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._/-".contains(&b);
        assert!(
            !text.is_empty() && !text.starts_with('-') && text.bytes().all(plain),
            "no plain word: {text:?}"
        );
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whose rights something is done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    /// Those of the user who logged in.
    Own,
    /// Root's, by sudo.
    Sudo,
}

impl Rights {
    fn prefix(self) -> &'static str {
        match self {
            Self::Own => "",
            Self::Sudo => "sudo -n ",
        }
    }
}

/// Which copy of the program is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Copy {
    /// Exactly ours, by its digest.
    Ours(Word),
    /// The one that the host's administrator put at the fixed path.
    Fixed,
}

/// Adds a constant script and its words to ssh's command line.
pub(super) fn run(command: &mut Command, rights: Rights, script: &'static str, words: &[Word]) {
    let mut text = format!("{}sh -c '{script}' plimsoll", rights.prefix());
    for word in words {
        write!(text, " {}", word.as_str()).expect("text does not fail");
    }
    command.arg(text);
}

/// Adds the bridge to the service's agent to ssh's command line. These words are what a sudo rule is written for:
/// changing them breaks the rules of hosts that have one.
pub(super) fn bridge(
    command: &mut Command,
    rights: Rights,
    copy: &Copy,
    root: &RemoteRoot,
    service: &ServiceName,
    scope: Scope,
) {
    let (root, service) = (Word::root(root), Word::service(service));
    let mut text = format!("{}{}", rights.prefix(), program(copy, root.as_str()));
    write!(text, " agent --stdio --root {} --service {}", root.as_str(), service.as_str())
        .expect("text does not fail");
    if scope == Scope::User {
        text.push_str(" --scope user");
    }
    command.arg(text);
}

fn program(copy: &Copy, root: &str) -> String {
    match copy {
        Copy::Ours(digest) => format!("{root}/bin/{}/plimsoll", digest.as_str()),
        Copy::Fixed => format!("{root}/bin/plimsoll"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(add: impl Fn(&mut Command)) -> String {
        let mut command = Command::new("ssh");
        add(&mut command);
        command.get_args().next().unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn scripts_are_one_word_in_every_shell() {
        for script in [LOOK, PLACE] {
            assert!(!script.contains(['\'', '\n', '!', '`']), "{script}");
        }
    }

    #[test]
    fn a_rule_of_sudo_stays_valid() {
        let root = "/opt/plimsoll".parse().unwrap();
        let text = text(|c| {
            bridge(c, Rights::Sudo, &Copy::Fixed, &root, &"greeter".parse().unwrap(), Scope::System);
        });
        assert_eq!(
            text,
            "sudo -n /opt/plimsoll/bin/plimsoll agent --stdio --root /opt/plimsoll --service greeter"
        );
    }

    #[test]
    fn a_program_below_home_is_found_from_there() {
        let (root, digest) = ("~/.local/share/plimsoll".parse().unwrap(), Digest::of(b"x"));
        let copy = Copy::Ours(Word::digest(&digest));
        let text = text(|c| {
            bridge(c, Rights::Own, &copy, &root, &"greeter".parse().unwrap(), Scope::User);
        });
        assert_eq!(
            text,
            format!(
                ".local/share/plimsoll/bin/{digest}/plimsoll agent --stdio --root .local/share/plimsoll --service greeter --scope user"
            )
        );
    }
}
