//! `cargo xtask bench hosts`: how a rollout grows with the number of hosts.
//!
//! `plimsoll-testkit` rolls out to agents in memory. Each size is a process of its own, since the greatest memory is
//! that of a process.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::workspace;

const SIZES: [u32; 4] = [10, 100, 1000, 10_000];
const PAGE: &str = "docs/reference/bench-hosts.md";
const BEFORE: &str = "
Hosts are agents in memory (the real agent core, planner, engine and judges; no network, no proxy, no processes), all in
one process with the coordinator and on one thread. `rollout`, `memory` and `one look` are therefore those of the whole
fleet with its traffic and with every invariant of the simulator checked after each step, not of the coordinator alone. Times
are those of the processor; `one look` and `plan` are the least of nine.

Two instances a host, steps of 5 % up to 25 % with a pause of 30 s each, then the promotion in batches of 25 %. An analysis
looks every 5 s, the coordinator once a second. One host in a hundred fails: half of these have no room for the release,
half stop answering within the first two minutes. They are set aside (`max-unavailable = \"2%\"`).

| hosts | one look at all | plan | rollout | simulated time | set aside | records | journal | greatest record | peak memory |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
";

pub(crate) fn run() -> Result<()> {
    let mut page = format!(
        "# Measured: rollouts over many hosts\n\nWritten by `cargo xtask bench hosts` on {}.\n{BEFORE}",
        workspace::today()?
    );
    let build = ["build", "--release", "--package", "plimsoll-testkit", "--example", "hosts"];
    workspace::run(Command::new("cargo").args(build))?;
    let program = workspace::target().join("release/examples/hosts");
    for size in SIZES {
        let output =
            Command::new(&program).arg(size.to_string()).output().context("the bench cannot start")?;
        if !output.status.success() {
            bail!("{size} hosts: {}", String::from_utf8_lossy(&output.stderr));
        }
        page += &String::from_utf8(output.stdout)?;
    }
    std::fs::write(workspace::root().join(PAGE), page)
        .with_context(|| format!("{PAGE} cannot be written"))?;
    println!("written: {PAGE}");
    Ok(())
}
