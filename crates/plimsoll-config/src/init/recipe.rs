//! A project that a command builds: a Makefile, a script, or nothing that is known.
//!
//! Which file the command makes is read from its text where that says so plainly; what only running it would tell stays a
//! guess, and is called one.

use std::path::Path;

use super::{Found, ProjectListing, as_name};

/// Proposes `make`, `sh build.sh`, or a `make` to be replaced.
pub(super) fn find(listing: &ProjectListing) -> Found {
    let name = as_name(&listing.folder_name).unwrap_or_else(|| "service".to_owned());
    let guess = format!("build/{name}");
    let known = listing.go_mod.is_some() || listing.cargo.is_some() || listing.cmake_lists.is_some();
    let (command, output, note) = match (&listing.makefile, &listing.build_script) {
        (Some(text), _) => (r#"["make"]"#, made_by_make(text), "found a Makefile"),
        (None, Some(text)) => (r#"["sh", "build.sh"]"#, output_argument(text), "found build.sh"),
        _ if known => (r#"["make"]"#, None, "found a project, but no program in it"),
        _ => (r#"["make"]"#, None, "found no go.mod, Cargo.toml, CMakeLists.txt, Makefile or build.sh"),
    };
    let note = match &output {
        Some(output) => format!("{note}, which makes `{output}`"),
        None => format!(
            "{note}: set `command` and `output` in [build], which are guesses, before `plimsoll ship`"
        ),
    };
    let hint = if output.is_some() {
        "The program file that it makes."
    } else {
        "A guess: the program file that it makes."
    };
    let output = output.unwrap_or(guess);
    let build = format!(
        "type = \"command\"\n# Run as it is, without a shell.\ncommand = {command}\n# {hint}\noutput = \"{output}\"\n"
    );
    Found { name, build, notes: vec![note], test_example: r#"["sh", "test/e2e.sh"]"# }
}

/// The file that bare `make` makes: what a compiler is told to write (`-o`), else the first target, where it names a file.
fn made_by_make(text: &str) -> Option<String> {
    output_argument(text).or_else(|| first_target(text))
}

/// The word behind the only `-o`, or behind several that agree. A word with a variable in it says nothing.
fn output_argument(text: &str) -> Option<String> {
    let code = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let words: Vec<&str> = code.flat_map(str::split_whitespace).collect();
    let mut outputs =
        words.windows(2).filter(|pair| pair[0] == "-o").map(|pair| pair[1].trim_matches(['"', '\'']));
    let first = outputs.next().filter(|word| is_path(word) && !is_object(word))?;
    outputs.all(|other| other == first).then(|| first.to_owned())
}

/// The first target of a Makefile; where it is no file, the first thing that it asks for.
fn first_target(text: &str) -> Option<String> {
    let phony = |name: &str| {
        let declared = text.lines().filter_map(|line| line.strip_prefix(".PHONY:"));
        declared.flat_map(str::split_whitespace).any(|word| word == name) || name == "all"
    };
    let mut rules =
        text.lines().filter(|line| !line.starts_with(['\t', '#', '.', ' ']) && !line.contains('='));
    let (target, needs) = rules.find_map(|line| line.split_once(':'))?;
    let first_need = needs.split_whitespace().next().unwrap_or_default();
    let file = if phony(target.trim()) { first_need } else { target.trim() };
    (is_path(file) && !phony(file)).then(|| file.to_owned())
}

fn is_object(word: &str) -> bool {
    Path::new(word).extension().is_some_and(|extension| extension == "o")
}

/// Plain enough to stand in the file as it is.
fn is_path(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    !word.is_empty() && !word.starts_with(['/', '-']) && !word.contains("..") && word.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_make_makes() {
        for (text, made) in [
            ("server: main.c\n\tcc main.c -o server\n", Some("server")),
            ("all: bin/server\n\nbin/server: main.c\n\tcc -o bin/server main.c\n", Some("bin/server")),
            (".PHONY: build\nbuild:\n\tgo build -o out/app ./cmd/app\n", Some("out/app")),
            (".PHONY: build\nbuild:\n\t./compile\n", None),
            ("NAME = x\n$(NAME): main.c\n\tcc -o $@ main.c\n", None),
            ("app: a.o\n\tcc -o $@ a.o\na.o: a.c\n\tcc -c -o a.o a.c\n", Some("app")),
            ("greeter: greeter.c\n", Some("greeter")),
            ("", None),
        ] {
            assert_eq!(made_by_make(text).as_deref(), made, "{text}");
        }
    }

    #[test]
    fn what_a_script_makes() {
        assert_eq!(
            output_argument("cc -O2 \\\n  -o \"bin/app\" main.c # -o other").as_deref(),
            Some("bin/app")
        );
        assert_eq!(output_argument("cc -o a x.c; cc -o b y.c"), None, "two programs");
        assert_eq!(output_argument("cc -o ../app x.c"), None, "outside of the project");
    }
}
