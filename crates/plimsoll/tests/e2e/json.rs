//! With `--json` every command prints JSON objects on standard output, one a line, also of what went wrong.

use crate::support::Project;

/// The commands as `--help` lists them, below a command or at the top.
fn listed(project: &Project, below: &[&str]) -> Vec<String> {
    let help = project.run(&[below, &["--help"]].concat()).expect(0).stdout;
    let commands = help.split_once("\nCommands:\n").map_or("", |(_, commands)| commands);
    let names =
        commands.lines().take_while(|line| line.starts_with("  ")).filter(|line| !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

fn paths(project: &Project) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for name in listed(project, &[]) {
        match listed(project, &[&name]) {
            below if below.is_empty() => paths.push(vec![name]),
            below => paths.extend(below.into_iter().map(|part| vec![name.clone(), part])),
        }
    }
    paths
}

fn check(project: &Project, args: &[&str]) -> Vec<serde_json::Value> {
    let run = project.run(&[args, &["--json"]].concat());
    let lines = run.stdout.lines().map(serde_json::from_str::<serde_json::Value>);
    let lines: Vec<_> = lines.map(|line| line.ok().filter(serde_json::Value::is_object)).collect();
    assert!(lines.iter().all(Option::is_some), "{args:?} printed:\n{}", run.text());
    assert!(run.code == Some(0) || !lines.is_empty(), "{args:?} failed without a word:\n{}", run.text());
    assert!(!run.stderr.contains("error: "), "{args:?} printed an error as text:\n{}", run.text());
    lines.into_iter().flatten().collect()
}

#[test]
fn every_command_prints_objects_one_a_line() {
    let mut project = Project::new();
    check(&project, &["ship"]);
    project.change(&[("VERSION", "2")]);
    check(&project, &["build"]);
    check(&project, &["history", "r1"]);
    let paths = paths(&project);
    assert!(paths.len() > 15, "{paths:?}");
    for path in &paths {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        // What a command needs beside its name; one that is new is tried without anything, and must then say in JSON
        // what it lacks.
        let more: &[&str] = match path[0] {
            "plan" | "deploy" | "retry" => &["r1"],
            "ship" => &["--dry-run"],
            _ => &[],
        };
        check(&project, &[&path[..], more].concat());
    }
}

#[test]
fn what_goes_wrong_before_anything_begins_is_an_object_too() {
    let project = Project::new();
    let error = |args: &[&str]| check(&project, args).pop().expect("a line")["error"].clone();
    let unknown = error(&["nonsense"]);
    assert_eq!(unknown["exit_code"], 2);
    let missing = error(&["status", "-c", "nowhere.toml"]);
    assert!(missing["message"].as_str().unwrap().contains("nowhere.toml"), "{missing}");
    assert!(missing["help"][0].as_str().unwrap().contains("plimsoll init"), "{missing}");
    let nothing = error(&["pause"]);
    assert!(nothing["message"].as_str().unwrap().contains("no rollout is under way"), "{nothing}");
}
