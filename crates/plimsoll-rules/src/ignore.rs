//! Files that name files: `.gitignore`, `.dockerignore`. Only what is certain is said: patterns are matched by name and by path,
//! with `*`, `?` and `**`, and a later `!` takes back.

use crate::surroundings::Surroundings;

/// Whether patterns as `.gitignore` has them leave a path out.
pub(crate) fn ignores(patterns: &str, path: &str) -> bool {
    is_named(patterns, path, true)
}

/// Whether patterns as `.dockerignore` has them leave a path out: there each is of the whole path.
pub(crate) fn dockerignores(patterns: &str, path: &str) -> bool {
    is_named(patterns, path, false)
}

/// Whether git leaves a file of a folder out, as the `.gitignore` files from there up to the repository's folder tell; nothing
/// where that folder is not in sight.
pub(crate) fn leaves_out(around: &Surroundings, name: &str) -> Option<bool> {
    let (mut folder, mut path) = (around.clone(), name.to_owned());
    let mut named = false;
    loop {
        named |= folder.text(".gitignore").is_some_and(|text| ignores(&text, &path));
        if folder.has(".git")? {
            return Some(named);
        }
        let own = folder.folder().file_name()?.to_string_lossy().into_owned();
        path = format!("{own}/{path}");
        folder = folder.at("..")?;
    }
}

fn is_named(patterns: &str, path: &str, anywhere: bool) -> bool {
    let mut named = false;
    for line in patterns.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (back, pattern) = line.strip_prefix('!').map_or((false, line), |pattern| (true, pattern));
        let rooted = !anywhere || pattern.trim_end_matches('/').contains('/');
        let pattern = pattern.trim_start_matches("./").trim_matches('/');
        // A folder that is left out leaves out what is in it.
        let parts: Vec<&str> = path.split('/').collect();
        let heads = (1..=parts.len()).map(|end| parts[..end].join("/"));
        let fits = if rooted {
            heads.into_iter().any(|head| fits(pattern.as_bytes(), head.as_bytes()))
        } else {
            parts.iter().any(|part| fits(pattern.as_bytes(), part.as_bytes()))
        };
        if fits {
            named = !back;
        }
    }
    named
}

/// `*` stands for anything but `/`, `**` for anything. Steps are bounded: a pattern may come from a stranger.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    if pattern.len() > 200 || text.len() > 1000 {
        return false;
    }
    // Which beginnings of the text the pattern so far fits.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    let mut at = 0;
    while at < pattern.len() {
        let any = pattern[at..].starts_with(b"**");
        let mut next = vec![false; text.len() + 1];
        if pattern[at] == b'*' {
            let mut open = false;
            for end in 0..=text.len() {
                open |= reached[end];
                next[end] = open;
                open &= any || text.get(end) != Some(&b'/');
            }
            at += if any { 2 } else { 1 };
            // `**/x` is `x` too.
            if any && pattern.get(at) == Some(&b'/') && reached[0] {
                at += 1;
            }
        } else {
            for end in 0..text.len() {
                let same = pattern[at] == text[end] || (pattern[at] == b'?' && text[end] != b'/');
                next[end + 1] = reached[end] && same;
            }
            at += 1;
        }
        reached = next;
    }
    reached[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_paths() {
        for (patterns, path, named) in [
            (".env", ".env", true),
            (".env", "a/.env", true),
            ("/.env", "a/.env", false),
            (".env*\n!.env.example", ".env.example", false),
            ("*.env", "a/b.env", true),
            ("a/", "a/b/c", true),
            ("**/x", "x", true),
            ("**/x", "a/b/x", true),
            ("# .env", ".env", false),
        ] {
            assert_eq!(ignores(patterns, path), named, "{patterns} {path}");
        }
        assert!(!dockerignores(".env", "a/.env"));
        assert!(dockerignores("**/.env", "a/.env"));
        assert!(dockerignores("*", "a/.env"));
    }
}
