//! Names out of whatever a project is called.

/// A valid name of a service or environment that is near to some text; `None` where nothing of it can be used.
pub(crate) fn as_name(text: &str) -> Option<String> {
    let mut name = String::new();
    for c in text.chars().take(200) {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9') => name.push(c),
            _ if name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    let name = name.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let name = name.get(..name.len().min(48)).unwrap_or_default().trim_end_matches('-');
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use plimsoll_model::ServiceName;

    use super::*;

    #[test]
    fn names_become_valid() {
        for (text, name) in [
            ("greeter", Some("greeter")),
            ("My_Service 2", Some("my-service-2")),
            ("2048", None),
            ("9lives", Some("lives")),
            ("größe", Some("gr-e")),
            ("--a--", Some("a")),
            ("日本", None),
            ("", None),
        ] {
            assert_eq!(as_name(text).as_deref(), name, "{text}");
        }
        let long = as_name(&"ab-".repeat(100)).unwrap();
        assert!(long.parse::<ServiceName>().is_ok(), "{long}");
    }
}
