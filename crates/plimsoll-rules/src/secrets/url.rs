//! Addresses with a password in them: `postgres://app:PASSWORD@db/app`.

use std::ops::Range;

use super::measure::is_filled_in;

/// The longest name or password that is looked at.
const LONGEST: usize = 256;

/// Passwords in examples, and words that stand for one.
const STAND_INS: [&str; 17] = [
    "password", "pass", "passwd", "pwd", "pw", "secret", "user", "username", "token", "xxx", "xxxx", "foo",
    "bar", "p", "x", "key", "hunter2",
];

/// Hosts in examples, and this machine.
const NOWHERE: [&str; 8] =
    ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "host", "hostname", "example", "server"];

/// The text that is looked for first.
pub(super) const KEYWORD: &str = "://";

/// The password of the address whose `://` begins at `at`.
pub(super) fn at(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let scheme = bytes[..at]
        .iter()
        .rev()
        .take(20)
        .take_while(|b| b.is_ascii_alphanumeric() || b"+.-".contains(b))
        .count();
    if scheme == 0 {
        return None;
    }
    let rest = at + KEYWORD.len();
    let text = &bytes[rest..bytes.len().min(rest + 2 * LONGEST)];
    let part = |begin: usize, end: u8| {
        let is_part = |byte: &u8| byte.is_ascii_graphic() && !b"/:@\"'`<>(){}\\,|?#".contains(byte);
        let length = text.get(begin..)?.iter().take(LONGEST).take_while(|byte| is_part(byte)).count();
        (text.get(begin + length) == Some(&end)).then_some(begin + length)
    };
    let name = part(0, b':')?;
    let password = part(name + 1, b'@')?;
    // Documents speak of a user who is called so.
    if [&b"user"[..], b"username", b"USER", b"login"].contains(&&text[..name]) {
        return None;
    }
    let secret = std::str::from_utf8(&text[name + 1..password]).ok()?;
    let host: Vec<u8> = text[password + 1..]
        .iter()
        .copied()
        .take_while(|b| b.is_ascii_alphanumeric() || b"-._[:]".contains(b))
        .take(LONGEST)
        .collect();
    let host = String::from_utf8_lossy(&host).to_ascii_lowercase();
    let is_nowhere = host.is_empty() || host.contains("example") || {
        let name =
            if host.starts_with('[') { host.as_str() } else { host.split(':').next().unwrap_or_default() };
        NOWHERE.contains(&name) || name.starts_with("127.")
    };
    let lower = secret.to_ascii_lowercase();
    let is_stand_in =
        is_filled_in(secret) || STAND_INS.contains(&lower.as_str()) || super::measure::is_stand_in(secret);
    (!secret.is_empty() && !is_nowhere && !is_stand_in).then_some(rest + name + 1..rest + password)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let at_sign = text.find(KEYWORD)?;
        at(text.as_bytes(), at_sign).map(|range| &text[range])
    }

    #[test]
    fn passwords_in_addresses_are_found() {
        let url = |password: &str, host: &str| format!("DB=postgres://app:{password}@{host}/app");
        assert_eq!(found(&url("qT7vPz", "db.internal")), Some("qT7vPz"));
        for silent in [
            url("qT7vPz", "localhost"),
            url("qT7vPz", "db.example.org"),
            url("${PASSWORD}", "db"),
            url("$PASSWORD", "db"),
            url("password", "db"),
            url("", "db"),
            "https://example.org:443/a@b".to_owned(),
            "git://host/a:b@c".to_owned(),
            "see ://".to_owned(),
            "https://user@db/".to_owned(),
        ] {
            assert_eq!(found(&silent), None, "{silent}");
        }
    }
}
