//! Our own comments: `plimsoll: allow RULE[, RULE] [until DATE]: REASON`.

use super::Waiver;

/// Reads a comment that is for us, or says what is wrong with it.
pub(super) fn read(text: &str) -> Option<Result<Waiver, String>> {
    let text = text.strip_prefix("plimsoll:").or_else(|| text.strip_prefix("plimsoll "))?.trim();
    let (whole_file, rest) = match (text.strip_prefix("allow-file "), text.strip_prefix("allow ")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return Some(Err("a comment for plimsoll begins with `allow` or `allow-file`".to_owned())),
    };
    let (what, reason) = rest.split_once(':').unwrap_or((rest, ""));
    let (names, until) = match what.split_once(" until ") {
        Some((names, date)) => match date.trim().parse() {
            Ok(date) => (names, Some(date)),
            Err(_) => return Some(Err(format!("`{}` is no date, as 2026-12-31 is one", date.trim()))),
        },
        None => (what, None),
    };
    let rules: Vec<String> =
        names.split([',', ' ']).filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect();
    if rules.is_empty() {
        return Some(Err("it names no rule".to_owned()));
    }
    if let Some(unknown) = rules.iter().find(|rule| crate::registry::find(rule).is_empty()) {
        let like = crate::registry::like(unknown)
            .map(|name| format!("; did you mean `{name}`?"))
            .unwrap_or_default();
        return Some(Err(format!("there is no rule `{unknown}`{like}")));
    }
    Some(Ok(Waiver {
        whole_file,
        rules,
        until,
        reason: reason.trim().to_owned(),
        ours: true,
        same_line: false,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_comments_are_read() {
        let waiver =
            read("plimsoll: allow DF3006, untagged-base-image until 2026-12-31: a: b").unwrap().unwrap();
        assert_eq!(waiver.rules, ["DF3006", "untagged-base-image"]);
        assert_eq!(
            (waiver.until.unwrap().to_string().as_str(), waiver.reason.as_str()),
            ("2026-12-31", "a: b")
        );
        assert!(read("plimsoll: allow-file DL3006: x").unwrap().unwrap().whole_file);
        assert_eq!(
            read("plimsoll is a mark on ships"),
            Some(Err("a comment for plimsoll begins with `allow` or `allow-file`".to_owned()))
        );
        assert_eq!(read("anything"), None);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, part) in [
            ("plimsoll: allow DF3006 until soon: x", "no date"),
            ("plimsoll: allow : x", "names no rule"),
            ("plimsoll: allow DF9999: x", "no rule `DF9999`"),
            ("plimsoll: allow untagged-base-imag: x", "did you mean `untagged-base-image`"),
            ("plimsoll: alow DF3006: x", "begins with `allow`"),
        ] {
            let said = read(text).unwrap().unwrap_err();
            assert!(said.contains(part), "{text}: {said}");
        }
    }
}
