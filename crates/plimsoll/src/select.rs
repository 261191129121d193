//! Which hosts a command is about: `--hosts 'web*,db1'`.

use plimsoll_drivers::Host;
use plimsoll_model::HostName;

use crate::failure::Failure;

/// The hosts whose names match, or all where no pattern is given. A pattern that matches none is a mistake.
pub(crate) fn choose(
    hosts: Vec<Box<dyn Host>>,
    pattern: Option<&str>,
) -> Result<Vec<Box<dyn Host>>, Failure> {
    let Some(pattern) = pattern else { return Ok(hosts) };
    let names: Vec<String> = hosts.iter().map(|host| host.name().to_string()).collect();
    let chosen: Vec<_> = hosts.into_iter().filter(|host| is_meant(host.name(), pattern)).collect();
    if chosen.is_empty() && !names.is_empty() {
        return Err(Failure::usage(format!("no host matches `{pattern}`"))
            .help(format!("there are: {}", names.join(", "))));
    }
    Ok(chosen)
}

fn is_meant(host: &HostName, patterns: &str) -> bool {
    patterns.split(',').any(|pattern| matches(host.as_str(), pattern.trim()))
}

/// Whether a text is as a pattern says, in which `*` stands for any characters.
fn matches(text: &str, pattern: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(text) = text.strip_prefix(head) else { return false };
    (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| matches(&text[at..], rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        let cases = [
            ("web1", "web1", true),
            ("web1", "web*", true),
            ("web1.eu", "*.eu", true),
            ("web1", "*", true),
            ("web1", "web", false),
            ("web1", "db*", false),
            ("web1.eu", "w*1*", true),
            ("web1", "", false),
        ];
        for (text, pattern, is) in cases {
            assert_eq!(matches(text, pattern), is, "{text} {pattern}");
        }
        assert!(is_meant(&"web2".parse().unwrap(), "db1, web*"));
    }
}
