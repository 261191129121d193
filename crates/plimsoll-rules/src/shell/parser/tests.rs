//! What the parser finds, and what it refuses.

use super::*;

fn names(text: &str) -> Vec<String> {
    let script = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    script.commands.into_iter().map(|command| command.name).collect()
}

#[test]
fn commands_are_found_wherever_they_stand() {
    for (text, expected) in [
        ("a && b || c; d & e", "a b c d e"),
        ("(a; b) | { c; }", "a b c"),
        ("if a; then b; elif c; then d; else e; fi", "a b c d e"),
        ("for x in 1 2; do a; done", "a"),
        ("for x; do a; done", "a"),
        ("for ((i=0; i<3; i++)); do a; done", "a"),
        ("while a; do b; done < c", "a b"),
        ("case $x in a|b) c;; (d) e ;; *) f; esac", "c e f"),
        ("case x in esac; a", "a"),
        ("f() { a; }; function g { b; }; f", "a b f"),
        ("[[ a == b || c < d ]] && e", "e"),
        ("((x++)); a $((1|2))", "a"),
        ("echo $(a `b` \"$(c)\" ${X:-$(d)})", "echo a b c d"),
        ("X=$(a) Y=2 b", "b a"),
        ("a > b 2>&1 < c &> d | e", "a e"),
        ("diff <(a) <(b)", "diff a b"),
        ("a <<EOF\nb c\nEOF\nd", "a d"),
        ("a <<-'E' && b\n\tx\n\tE\nc", "a b c"),
        ("a # b; c", "a"),
        ("a#b", "a#b"),
        ("\n\n a \\\n  b\n", "a"),
        ("! a; time b", "a b"),
        ("x=(a b c); d", " d"),
        ("", ""),
        ("'a b' \"c\"", "a b"),
    ] {
        assert_eq!(names(text).join(" "), expected, "{text}");
    }
}

#[test]
fn what_no_shell_accepts_is_refused() {
    let texts = [
        "echo \"a",
        "echo 'a",
        "a &&",
        "&& a",
        "a ; ; b",
        "if true",
        "( a",
        "a )",
        "echo ${X",
        "echo $(a",
        "echo `a",
        "fi",
        "a | | b",
        "if a; then fi",
        "a >",
        "for x in a; b; done",
        "case x in a",
        "{ a",
        "[[ a",
    ];
    for text in texts {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn pipes_are_told_from_what_looks_like_them() {
    for (text, pipe) in [
        ("a | b", true),
        ("a |& b", true),
        ("x=$(a | b)", true),
        ("echo `a | b`", true),
        ("a || b", false),
        ("echo 'a | b' \\|", false),
        ("case x in a|b) c;; esac", false),
        ("a <<< \"b | c\"", false),
    ] {
        assert_eq!(parse(text).unwrap().has_pipe, pipe, "{text}");
    }
}

#[test]
fn nesting_has_an_end() {
    for open in ["(", "$(", "`", "{ ", "if ", "\"$(", "${x:-", "! ", "[[ ", "f() ", "<(", "((", "$(("] {
        let _ = parse(&open.repeat(50_000));
    }
}
