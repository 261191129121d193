//! Keeping secrets out of what is shown: command lines and lines of output.

use std::borrow::Cow;
use std::collections::BTreeMap;

use plimsoll_model::{Masker, Secret};

use super::CommandOrder;

/// Values that only their names call secret are not masked where they are shorter than this: `TOKEN=on` would blot out
/// every `on`.
const SHORTEST: usize = 8;
/// An argument longer than this is cut when it is shown.
const LONGEST_SHOWN: usize = 300;

/// Replaces secret values by `***`.
#[derive(Debug, Clone, Default)]
pub struct Mask(Masker);

impl Mask {
    /// A mask over the values of all variables whose names say that they are secret.
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let secret = variables.into_iter().filter(|(name, _)| names_a_secret(name));
        Self::of_values(secret.map(|(_, value)| value))
    }

    /// A mask over values that are secret whatever their names are.
    pub fn of_values<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let lines = values.into_iter().flat_map(str::lines).filter(|value| value.len() >= SHORTEST);
        let secrets: Vec<Secret> = lines.map(Secret::new).collect();
        Self(Masker::new(&secrets))
    }

    /// The same, and what is declared as secret.
    #[must_use]
    pub fn and(self, declared: &Masker) -> Self {
        Self(self.0.and(declared))
    }

    /// The text without the secret values. Of one that was cut, also without the half of one at its end.
    pub fn apply<'a>(&self, text: &'a str, cut: bool) -> Cow<'a, str> {
        if cut { self.0.mask_cut(text) } else { self.0.mask(text) }
    }
}

/// Whether a name (`GITHUB_TOKEN`, `--api-key`, `db.password`) says that its value is secret.
fn names_a_secret(name: &str) -> bool {
    const WORDS: [&str; 8] =
        ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "APIKEY", "PRIVATE_KEY", "CREDENTIAL"];
    // Where a secret is found is no secret itself.
    const PLACES: [&str; 4] = ["_FILE", "_PATH", "_DIR", "_URL"];
    let name = name.to_ascii_uppercase().replace('-', "_");
    WORDS.iter().any(|word| name.contains(word)) && !PLACES.iter().any(|place| name.ends_with(place))
}

/// The command as it could be typed, with secrets masked: variables that were set, program, arguments.
pub fn shown(order: &CommandOrder) -> String {
    let mask = Mask::of(order.variables.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    let mut words = assignments(&order.variables);
    words.push(quoted(&order.program));
    let mut secret_follows = false;
    for arg in &order.args {
        let arg = arg.to_string_lossy();
        if secret_follows {
            words.push("***".to_owned());
            secret_follows = false;
            continue;
        }
        secret_follows = arg.starts_with('-') && !arg.contains(['=', ' ']) && names_a_secret(&arg);
        let masked: Vec<String> = arg.split(' ').map(|word| mask_word(&mask.apply(word, false))).collect();
        words.push(quoted(&masked.join(" ")));
    }
    words.join(" ")
}

fn assignments(variables: &BTreeMap<String, String>) -> Vec<String> {
    let value = |(name, value): (&String, &String)| {
        if names_a_secret(name) {
            format!("{name}=***")
        } else {
            format!("{name}={}", quoted(&mask_word(value)))
        }
    };
    variables.iter().map(value).collect()
}

/// Masks the value of `name=value` where the name is a secret's, and what stands before `@` in an address.
fn mask_word(word: &str) -> String {
    if let Some((name, _)) = word.split_once('=')
        && names_a_secret(name)
    {
        return format!("{name}=***");
    }
    if let Some((scheme, rest)) = word.split_once("://")
        && let Some((user, host)) = rest.split_once('@')
        && !user.contains('/')
    {
        return format!("{scheme}://***@{host}");
    }
    word.to_owned()
}

/// Quoted as a POSIX shell would need it. Only for showing: nothing here is ever given to a shell.
fn quoted(word: &str) -> String {
    let mut word: String = word.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    if let Some((at, _)) = word.char_indices().nth(LONGEST_SHOWN) {
        word.truncate(at);
        word.push_str("...");
    }
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%*".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_they_could_be_typed_without_their_secrets() {
        let order = CommandOrder::new("./make it", "/")
            .args(["-ldflags", "-s -X main.apiToken=s3cr3t", "--password", "hunter22", "--token=abc"])
            .args(["https://me:pw@example.org/x", "--flag=it's", "sits-in-hunter2hunter2"])
            .variable("DB_PASSWORD", "hunter2hunter2")
            .variable("CGO_ENABLED", "0");
        assert_eq!(
            shown(&order),
            "CGO_ENABLED=0 DB_PASSWORD=*** './make it' -ldflags '-s -X main.apiToken=***' --password *** \
             --token=*** https://***@example.org/x '--flag=it'\\''s' sits-in-***"
        );
    }

    #[test]
    fn what_is_declared_is_masked_whatever_its_name() {
        let secret = Secret::new("postgres://me@db");
        let mask = Mask::of([("API_KEY", "0123456789")]).and(&Masker::new([&secret]));
        assert_eq!(mask.apply("0123456789 at postgres://me@db, postg", true), "*** at ***, ***");
    }

    #[test]
    fn output_is_masked_by_value() {
        let mask =
            Mask::of([("API_KEY", "0123456789"), ("TOKEN", "on"), ("TOKEN_FILE", "/run/secrets/token")]);
        assert_eq!(
            mask.apply("key=0123456789 on /run/secrets/token", false),
            "key=*** on /run/secrets/token"
        );
    }
}
