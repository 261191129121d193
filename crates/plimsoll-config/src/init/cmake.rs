//! A `CMake` project and its program.

use super::{Found, ProjectListing, as_name};

/// The first executable of the project, if one can be read off.
pub(super) fn find(listing: &ProjectListing) -> Option<Found> {
    let text = without_comments(listing.cmake_lists.as_deref()?);
    let project =
        calls(&text, "project").find_map(|args| args.into_iter().next()).filter(|name| is_plain(name));
    let programs: Vec<String> = calls(&text, "add_executable")
        .filter(|args| !args.iter().any(|arg| arg == "IMPORTED" || arg == "ALIAS"))
        .filter_map(|args| args.into_iter().next())
        .map(|name| match &project {
            Some(project) if name == "${PROJECT_NAME}" || name == "${CMAKE_PROJECT_NAME}" => project.clone(),
            _ => name,
        })
        .filter(|name| is_plain(name))
        .collect();
    let named = programs.iter().find(|program| Some(*program) == project.as_ref());
    let target = named.or_else(|| programs.first())?;
    let name =
        as_name(target).or_else(|| as_name(&listing.folder_name)).unwrap_or_else(|| "service".to_owned());
    let mut notes = vec![format!("found a CMake project; its program is the target {target}")];
    if programs.len() > 1 {
        notes.push(format!(
            "its executables are {}; set `target` to the one that is meant",
            programs.join(", ")
        ));
    }
    let build = format!(
        "type = \"cmake\"\ntarget = {target:?}\n# The program, relative to the build folder.\noutput = {target:?}\n"
    );
    Some(Found { name, build, notes, test_example: r#"["sh", "test/e2e.sh"]"# })
}

fn is_plain(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'.' || b == b'+';
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain)
}

/// The text without line comments and bracket comments. A `#` within quotes is no comment.
fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    let mut in_quotes = false;
    while let Some(at) = rest.find(['#', '"', '\\']) {
        kept.push_str(&rest[..at]);
        match &rest[at..=at] {
            "\\" => {
                let next = rest[at + 1..].chars().next().map_or(0, char::len_utf8);
                kept.push_str(&rest[at..at + 1 + next]);
                rest = &rest[at + 1 + next..];
            }
            "#" if !in_quotes => {
                let comment = &rest[at..];
                let end = if comment.starts_with("#[[") {
                    comment.find("]]").map(|end| end + 2)
                } else {
                    comment.find('\n')
                };
                rest = &comment[end.unwrap_or(comment.len())..];
            }
            quote => {
                in_quotes ^= quote == "\"";
                kept.push_str(quote);
                rest = &rest[at + 1..];
            }
        }
    }
    kept + rest
}

/// The arguments of each call of a command, split at blanks, without quotes. Nested parentheses end the reading of
/// a call early, which is enough for the first argument.
fn calls<'t>(text: &'t str, command: &'t str) -> impl Iterator<Item = Vec<String>> + 't {
    // CMake's commands have no case; ASCII keeps the offsets.
    let lower = text.to_ascii_lowercase();
    let starts: Vec<usize> = lower.match_indices(command).map(|(at, _)| at).collect();
    starts.into_iter().filter_map(move |at| {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            return None;
        }
        let args = text[at + command.len()..].trim_start_matches([' ', '\t']).strip_prefix('(')?;
        let args = &args[..args.find([')', '('])?];
        Some(args.split_whitespace().take(64).map(|arg| arg.trim_matches('"').to_owned()).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(text: &str) -> Option<(String, String)> {
        let listing = ProjectListing { cmake_lists: Some(text.to_owned()), ..ProjectListing::default() };
        find(&listing).map(|found| (found.name, found.build))
    }

    #[test]
    fn executables_are_found() {
        for (text, name) in [
            ("add_executable(greeter main.c)", "greeter"),
            ("project(\"hello\" C)\nAdd_Executable (\n  ${PROJECT_NAME}\n  main.c)", "hello"),
            ("# add_executable(no x)\n#[[ add_executable(nor this) ]]\nadd_executable(yes y)", "yes"),
            ("project(b)\nadd_executable(a a.c)\nadd_executable(b b.c)", "b"),
            ("set(x \"# not a comment\")\nadd_executable(Srv_1 a)", "srv-1"),
            ("add_executable(gen IMPORTED)\nadd_executable(${X} a)\nadd_executable(real a)", "real"),
        ] {
            assert_eq!(program(text).unwrap().0, name, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_off_is_left() {
        for text in [
            "",
            "add_library(a a.c)",
            "add_executable(",
            "my_add_executable(a)",
            "add_executable(${X} a)",
            "\\",
            "#[[",
        ] {
            assert_eq!(program(text), None, "{text}");
        }
    }
}
