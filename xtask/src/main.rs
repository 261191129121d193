//! The doors of the workspace. `cargo xtask` without a verb lists them; each verb is one module.
//!
//! Nothing here is shipped. What a verb prints is for the person, or the CI log, that called it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "these commands talk to a person")]

mod bench;
mod bench_fleet;
mod bench_hosts;
mod bench_proxy;
mod bench_ship;
mod build;
mod demo;
mod docs;
mod fleet;
mod interrupt;
mod launcher;
mod layers;
mod lint;
mod processes;
mod test;
mod words;
mod workspace;

use std::process::ExitCode;

const VERBS: &str = "\
cargo xtask build              the static release binary, checked to be static
cargo xtask demo [--go] [--keep]
                               five versions of a small service under load: shipped, rolled back, recovered
cargo xtask test [--all] [--no-install]
                               every test of the workspace; what was skipped, and why
                               (--all: the slow ones and those of the examples as well)
cargo xtask lint [--fix]       format, clippy, layers, generated pages, forbidden words
cargo xtask layers             which crate may use which, held against what they do use
cargo xtask docs [--check]     the generated pages of docs/
cargo xtask launcher           the code that starts bundled programs, compiled from its source (gcc for both processors)
cargo xtask bench proxy|ship|hosts|fleet
                               measurements, written into docs/
cargo xtask fleet up N | shell NAME [command...] | down
                               real hosts on this machine, to try things on (root on Linux)
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> anyhow::Result<ExitCode> {
    let Some((verb, flags)) = words.split_first() else {
        print!("{VERBS}");
        return Ok(ExitCode::SUCCESS);
    };
    match *verb {
        "build" => accept(flags, &[]).and_then(|()| build::run()),
        "demo" => accept(flags, &["--go", "--keep"]).and_then(|()| demo::run(flags)),
        "test" => accept(flags, &["--all", "--no-install"]).and_then(|()| test::run(flags)),
        "lint" => accept(flags, &["--fix"]).and_then(|()| lint::run(flags)),
        "layers" => accept(flags, &[]).and_then(|()| layers::run()),
        "docs" => accept(flags, &["--check"]).and_then(|()| docs::run(flags)),
        "launcher" => accept(flags, &[]).and_then(|()| launcher::run()),
        "bench" => bench::run(flags),
        "fleet" => fleet::run(flags),
        "help" | "--help" | "-h" => {
            print!("{VERBS}");
            Ok(ExitCode::SUCCESS)
        }
        other => Err(anyhow::anyhow!("`{other}` is no verb; these are:\n{VERBS}")),
    }
}

/// Refuses flags that a verb does not know.
fn accept(flags: &[&str], known: &[&str]) -> anyhow::Result<()> {
    match flags.iter().find(|flag| !known.contains(flag)) {
        None => Ok(()),
        Some(flag) => Err(anyhow::anyhow!("`{flag}` is not understood; these are the verbs:\n{VERBS}")),
    }
}
