//! Names of variables that say that they hold a secret.

/// Words that say so by themselves.
const WORDS: [&str; 12] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "SECRETS",
    "TOKEN",
    "CREDENTIAL",
    "CREDENTIALS",
    "APIKEY",
    "SECRETKEY",
    "CLIENTSECRET",
    "PASSWORDS",
];

/// Words that say so before `KEY`.
const KEYS: [&str; 8] = ["API", "PRIVATE", "SECRET", "ACCESS", "ENCRYPTION", "SIGNING", "CLIENT", "MASTER"];

/// Words behind a name that say that something else is meant: where the secret is, or what belongs to it.
const ABOUT: [&str; 12] =
    ["FILE", "PATH", "DIR", "URL", "NAME", "ID", "TTL", "LENGTH", "TYPE", "EXPIRY", "ALGORITHM", "HEADER"];

/// Whether a name says so, as a word: `API_KEY`, `dbPassword`; neither `MONKEY` nor `TOKENIZER` nor `PASSWORD_FILE`.
pub(crate) fn is_secret(name: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.contains(&"PUBLIC") {
        return false;
    }
    // The half of the pair that is a secret by itself.
    if name == "AWS_ACCESS_KEY_ID" {
        return true;
    }
    if words.last().is_some_and(|last| ABOUT.contains(last)) {
        return false;
    }
    let has_key = words.windows(2).any(|pair| KEYS.contains(&pair[0]) && ["KEY", "KEYS"].contains(&pair[1]));
    has_key || words.iter().any(|word| WORDS.contains(word))
}

/// Whether a value is one: neither empty nor only a reference to another variable.
pub(crate) fn is_value(value: &str) -> bool {
    !value.is_empty() && !value.starts_with('$')
}

/// The words of a name, in capital letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small_before = false;
    for c in name.chars() {
        let begins = !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && small_before);
        if begins {
            words.push(String::new());
        }
        small_before = c.is_ascii_lowercase();
        if c.is_ascii_alphanumeric() {
            words.last_mut().expect("there is one from the beginning").push(c.to_ascii_uppercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_by_words() {
        for name in [
            "API_KEY",
            "DB_PASSWORD",
            "password",
            "dbPassword",
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "SECRET_KEY_BASE",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "MONKEY",
            "KEYBOARD",
            "GPG_KEY",
            "PUBLIC_KEY",
            "TOKENIZER",
            "SECRETARY",
            "PASSWORD_FILE",
            "TOKEN_TTL",
            "KEY",
            "API",
            "",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
