//! `cargo xtask bench`: measurements, each written into a page of docs/.

use std::process::ExitCode;

use anyhow::{Result, bail};

pub(crate) fn run(words: &[&str]) -> Result<ExitCode> {
    match words {
        ["ship"] => crate::bench_ship::run()?,
        ["proxy"] => crate::bench_proxy::run()?,
        ["hosts"] => crate::bench_hosts::run()?,
        // Some of the tools, where any are named: shown, and not written.
        ["fleet", tools @ ..] => crate::bench_fleet::run(tools)?,
        _ => bail!("cargo xtask bench proxy|ship|hosts|fleet"),
    }
    Ok(ExitCode::SUCCESS)
}
