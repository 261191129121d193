//! `cargo xtask lint`: everything that is judged without running the code.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::workspace::{self, cargo};
use crate::{docs, layers, words};

#[expect(clippy::unnecessary_wraps, reason = "every verb has this shape")]
pub(crate) fn run(flags: &[&str]) -> Result<ExitCode> {
    let fix = flags.contains(&"--fix");
    let checks: [(&str, &dyn Fn() -> Result<()>); 6] = [
        ("format", &|| format(fix)),
        ("clippy", &|| clippy(fix)),
        ("examples", &|| examples(fix)),
        ("layers", &|| none(layers::problems()?)),
        ("pages", &|| pages(fix)),
        ("words", &|| none(words::problems()?)),
    ];
    let mut failed = 0;
    for (name, check) in checks {
        let started = Instant::now();
        let result = check();
        let seconds = started.elapsed().as_secs_f64();
        match result {
            Ok(()) => println!("  ok   {name:<10} {seconds:>6.1} s"),
            Err(error) => {
                failed += 1;
                println!("  no   {name:<10} {seconds:>6.1} s\n{error:#}");
            }
        }
    }
    if failed > 0 {
        println!(
            "{failed} of {} checks failed\nhint: cargo xtask lint --fix    mends what can be mended",
            checks.len()
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn format(fix: bool) -> Result<()> {
    let check: &[&str] = if fix { &[] } else { &["--check"] };
    workspace::run(cargo().args(["fmt", "--all", "--"]).args(check))
}

fn clippy(fix: bool) -> Result<()> {
    let mut command = cargo();
    command.args(["clippy", "--quiet", "--workspace", "--all-targets", "--locked"]);
    if fix {
        command.args(["--fix", "--allow-dirty", "--allow-staged"]);
    }
    workspace::run(command.args(["--", "-D", "warnings"]))
}

/// The examples are projects of their own.
fn examples(fix: bool) -> Result<()> {
    let manifest = ["--manifest-path", "examples/greeter/Cargo.toml"];
    let check: &[&str] = if fix { &[] } else { &["--check"] };
    workspace::run(cargo().arg("fmt").args(manifest).arg("--").args(check))?;
    let target = workspace::target().join("examples");
    workspace::run(
        cargo()
            .args(["clippy", "--quiet", "--locked", "--all-targets"])
            .args(manifest)
            .args(["--", "-D", "warnings"])
            .env("CARGO_TARGET_DIR", target),
    )?;
    if workspace::find("gofmt").is_none() {
        println!("       gofmt is not here: examples/greeter-go was not looked at");
        return Ok(());
    }
    let wrong = workspace::read(workspace::command("gofmt").args(["-l", "examples/greeter-go"]))?;
    none(wrong.lines().map(|file| format!("{file} is not formatted: gofmt -w {file}")).collect())
}

fn pages(fix: bool) -> Result<()> {
    if fix {
        docs::run(&[])?;
    }
    none(docs::stale()?.iter().map(|page| format!("{page} is stale: cargo xtask docs")).collect())
}

fn none(problems: Vec<String>) -> Result<()> {
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(())
}
