//! Whatever the text is, loading ends with a service or with problems that can be shown.

use plimsoll_config::{ProjectListing, load, propose};
use proptest::prelude::*;

const FULL: &str = include_str!("data/full.toml");

fn survives(text: &str) {
    match load("plimsoll.toml", text) {
        Ok(loaded) => {
            assert!(loaded.warnings.iter().all(|warning| !warning.is_error()));
            let again = load("plimsoll.toml", text).expect("the same text loads again");
            assert_eq!(again, loaded);
        }
        Err(problems) => {
            assert!(problems.errors() > 0);
            for problem in &problems.problems {
                let Some(place) = &problem.place else { continue };
                assert!(place.line >= 1 && place.column >= 1 && place.span.end <= text.len());
                assert!(place.marker.start <= place.source_line.chars().count());
                assert!(place.source_line.chars().count() <= 200);
            }
            assert!(problems.render().ends_with('\n'));
        }
    }
}

/// Pieces that steer random text towards the reader.
fn piece() -> impl Strategy<Value = String> {
    let known = [
        "[service]",
        "name",
        "=",
        "\"",
        "'''",
        "{",
        "}",
        "[[",
        "]]",
        "\n",
        ",",
        ".",
        "5%",
        "10m",
        "environments",
        "run",
        "rollout",
        "steps",
        "set-weight",
        "analysis",
        "source",
        "prometheus",
        "-1",
        "1e400",
        "nan",
        "0x",
        "TOKEN",
        "x-",
        "\u{0}",
        "\r\n",
        "\u{feff}",
        "ß",
        "#",
    ];
    prop_oneof![4 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,6}"]
}

proptest! {
    #[test]
    fn random_text(text in proptest::collection::vec(piece(), 0..60).prop_map(|parts| parts.concat())) {
        survives(&text);
    }

    #[test]
    fn mutations_of_a_good_file(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..12, piece()), 1..6)
    ) {
        let mut text = FULL.to_owned();
        for (at, length, new) in changes {
            let mut start = at.index(text.len());
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            let mut end = (start + length).min(text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.replace_range(start..end, &new);
        }
        survives(&text);
    }

    /// Whatever is wrong around it, a literal secret is in no message.
    #[test]
    fn a_literal_secret_is_never_shown(
        before in proptest::collection::vec(piece(), 0..12).prop_map(|parts| parts.concat()),
        after in proptest::collection::vec(piece(), 0..12).prop_map(|parts| parts.concat()),
        value in prop_oneof![Just("'SENTINEL'"), Just("\"SENTINEL"), Just("SENTINEL"), Just("['SENTINEL']"), Just("{ value = 'SENTINEL' }")]
    ) {
        let text = format!("{before}\n[run.variables]\nDB_PASSWORD = {value}\n{after}");
        let shown = match load("plimsoll.toml", &text) {
            Ok(loaded) => loaded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().concat(),
            Err(problems) => problems.render(),
        };
        prop_assert!(!shown.contains("SENTINEL"), "{}", shown);
    }

    /// One value at a time becomes another: this reaches the resolution, which broken syntax does not.
    #[test]
    fn other_values(
        line in any::<prop::sample::Index>(),
        value in prop_oneof![
            Just("0"), Just("-1"), Just("1.5"), Just("\"\""), Just("\"x\""), Just("[]"), Just("{}"), Just("true"),
            Just("\"1s\""), Just("\"100%\""), Just("[{}]"), Just("99999999999999999999"), Just("\"/\"")
        ]
    ) {
        let mut lines: Vec<String> = FULL.lines().map(str::to_owned).collect();
        let keyed: Vec<usize> = (0..lines.len()).filter(|n| lines[*n].contains(" = ") && !lines[*n].starts_with(' ')).collect();
        let at = keyed[line.index(keyed.len())];
        let key = lines[at].split(" = ").next().unwrap_or_default().to_owned();
        if !lines[at].ends_with('[') {
            lines[at] = format!("{key} = {value}");
        }
        survives(&lines.join("\n"));
    }

    #[test]
    fn proposals_for_anything(folder in ".{0,20}", text in "(module |project\\(|add_executable\\(|\\[package\\]\nname = |.|\n){0,20}") {
        let listing = ProjectListing {
            folder_name: folder,
            go_mod: Some(text.clone()),
            go_main_packages: vec![text.clone()],
            cmake_lists: Some(text.clone()),
            makefile: Some(text.clone()),
            build_script: Some(text),
            ..ProjectListing::default()
        };
        let proposal = propose(&listing, &[]);
        let loaded = load("plimsoll.toml", &proposal.text);
        prop_assert!(loaded.is_ok_and(|loaded| loaded.warnings.is_empty()), "{}", proposal.text);
    }
}

/// Texts near the largest size that are deep, long or wrong everywhere. Without bounds on lists and on the help that
/// is worked out, one of them took minutes.
#[test]
fn hostile_shapes_end() {
    let numbered = |count: usize, one: fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().concat();
    let analyses =
        numbered(9000, |n| format!("[[environments.a.rollout.analysis]]\nname='a{n}'\np99='1s'\n"));
    let names = "'zz',".repeat(240);
    let watched = numbered(240, |n| format!("{{name='a{n}',p99='1s'}},"));
    let rollout = format!(
        "{{steps=[{{set-weight=5}},{{analysis={{names=[{names}],duration='1m'}}}}],analysis=[{watched}]}}"
    );
    let least = "service.name='a'\nbuild.type='go'\n";
    for text in [
        "=".repeat(1 << 20),
        format!("a={}", "[".repeat((1 << 20) - 2)),
        numbered(60_000, |n| format!("TOKEN{n}=1\n")),
        format!("environments.a.rollout.steps=[{}]", "{x=1},".repeat(170_000)),
        format!("{least}environments.a.port=1\n{analyses}"),
        format!("{least}{}", numbered(20_000, |n| format!("environments.a{n}.port={}\n", n + 1))),
        format!(
            "{least}environments.a={{port=1,rollout={rollout}}}\nenvironments.b={{port=2,rollout={rollout}}}\n"
        ),
    ] {
        survives(&text);
    }
}
