//! Comments that people have written for other tools, so that their decisions carry over.

use super::Waiver;

/// Reads a comment for another tool.
pub(super) fn read(text: &str) -> Option<Waiver> {
    hadolint(text)
        .or_else(|| buildkit(text))
        .or_else(|| trivy(text))
        .or_else(|| checkov(text))
        .or_else(|| secrets(text))
}

fn waiver(whole_file: bool, rules: Vec<String>, reason: &str) -> Option<Waiver> {
    let reason = reason.trim().to_owned();
    (!rules.is_empty()).then_some(Waiver {
        whole_file,
        rules,
        until: None,
        reason,
        ours: false,
        same_line: false,
    })
}

/// `hadolint ignore=DL3006,SC1035 # why`, `hadolint global ignore=DL3006`
fn hadolint(text: &str) -> Option<Waiver> {
    let rest = text.strip_prefix("hadolint")?;
    let (whole_file, rest) = match rest.trim_start().strip_prefix("global") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let rest = rest.trim_start().strip_prefix("ignore")?.trim_start().strip_prefix('=')?;
    let (names, reason) = rest.split_once('#').unwrap_or((rest, ""));
    let names: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
    // Words without a `#` before them make the whole comment mean nothing there, and so here.
    let fits = |name: &String| {
        let digits = name.trim_start_matches(|c: char| c.is_ascii_uppercase());
        digits.len() < name.len() && !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
    };
    if names.iter().all(fits) { waiver(whole_file, names, reason) } else { None }
}

/// `check=skip=JSONArgsRecommended,StageNameCasing;error=true`
fn buildkit(text: &str) -> Option<Waiver> {
    let options = text.strip_prefix("check")?.trim_start().strip_prefix('=')?;
    let skip = options.split(';').find_map(|option| option.trim().strip_prefix("skip="))?;
    waiver(true, skip.split(',').map(|name| name.trim().to_owned()).collect(), "")
}

/// `trivy:ignore:AVD-DS-0002`, several behind each other
fn trivy(text: &str) -> Option<Waiver> {
    text.strip_prefix("trivy:ignore:")?;
    let names = text.split_whitespace().filter_map(|word| word.strip_prefix("trivy:ignore:"));
    waiver(false, names.map(|name| name.split(':').next().unwrap_or_default().to_owned()).collect(), "")
}

/// `checkov:skip=CKV_DOCKER_3:why`
fn checkov(text: &str) -> Option<Waiver> {
    let rest = text.strip_prefix("checkov:skip=")?;
    let (name, reason) = rest.split_once(':').unwrap_or((rest, ""));
    // Such a comment stands anywhere in the file that it is about.
    waiver(true, vec![name.trim().to_owned()], reason)
}

/// `gitleaks:allow`, `pragma: allowlist secret`, `trufflehog:ignore`: whatever secret stands in this line
fn secrets(text: &str) -> Option<Waiver> {
    let signs = ["gitleaks:allow", "pragma: allowlist secret", "trufflehog:ignore"];
    signs.iter().find(|sign| text.starts_with(**sign))?;
    let rules = ["SEC001", "SEC002", "SEC003", "SEC004", "SEC005"].map(ToOwned::to_owned).to_vec();
    waiver(false, rules, "").map(|waiver| Waiver { same_line: true, ..waiver })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Option<(bool, String)> {
        read(text).map(|waiver| (waiver.whole_file, waiver.rules.join(" ")))
    }

    #[test]
    fn comments_for_others_are_read() {
        for (text, whole_file, expected) in [
            ("hadolint ignore=DL3006", false, "DL3006"),
            ("hadolint   ignore = DL3004 , SC2016 # why", false, "DL3004 SC2016"),
            ("hadolint global ignore=DL3006", true, "DL3006"),
            (
                "check=skip=JSONArgsRecommended,StageNameCasing;error=true",
                true,
                "JSONArgsRecommended StageNameCasing",
            ),
            ("trivy:ignore:AVD-DS-0002 trivy:ignore:DS-0001", false, "AVD-DS-0002 DS-0001"),
            ("checkov:skip=CKV_DOCKER_3:why", true, "CKV_DOCKER_3"),
            ("gitleaks:allow", false, "SEC001 SEC002 SEC003 SEC004 SEC005"),
        ] {
            assert_eq!(rules(text), Some((whole_file, expected.to_owned())), "{text}");
        }
        for none in [
            "hadolint ignore=DL3004 because",
            "hadolint shell=bash",
            "hadolintignore=DL1",
            "check=error=true",
            "x",
        ] {
            assert_eq!(rules(none), None, "{none}");
        }
    }
}
