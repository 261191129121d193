//! `CMake`: configure and build, always in a fresh folder below the output folder, so that nothing of an earlier
//! configuration goes into a release.

use std::fs;
use std::path::Path;

use super::running::Running;
use super::{BuildError, Made, place};
use crate::command::shown;

pub(super) fn build(
    running: &mut Running<'_>,
    target: &str,
    output: &Path,
    flags: &[String],
    out: &Path,
) -> Result<Made, BuildError> {
    let question = running.order("cmake", &[]).arg("--version");
    let answer = running.ask(question)?;
    let version = answer.lines().next().unwrap_or_default().trim_start_matches("cmake version ").to_owned();
    let folder = place::fresh_folder(out, "cmake")?;
    let configure = running
        .order("cmake", &[])
        .arg("-S")
        .arg(running.folder())
        .arg("-B")
        .arg(&folder)
        .arg("-DCMAKE_BUILD_TYPE=Release")
        .args(flags);
    let configured = shown(&configure);
    running.run(configure)?;
    // Without a number, make starts as many compilers as there are files.
    let jobs = std::thread::available_parallelism().map_or(1, usize::from).to_string();
    let order = running.order("cmake", &[]).arg("--build").arg(&folder);
    let order = order.args(["--target", target, "--config", "Release", "--parallel", &jobs]);
    let command = format!("{configured} && {}", shown(&order));
    running.run(order)?;
    let file = folder.join(output);
    if !file.is_file() {
        return Err(BuildError::NotMade { command, file, found: place::programs_below(&folder) });
    }
    let compilers = compilers(&folder);
    let toolchain =
        std::iter::once(format!("cmake {version}")).chain(compilers).collect::<Vec<_>>().join(", ");
    Ok(Made { file, toolchain, platform: place::here(), command, remarks: Vec::new() })
}

/// Compilers that the configuration found, as `GNU 12.2.0`.
fn compilers(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder.join("CMakeFiles")).into_iter().flatten().flatten() {
        for language in ["C", "CXX"] {
            let file = entry.path().join(format!("CMake{language}Compiler.cmake"));
            let text = fs::read_to_string(file).unwrap_or_default();
            let word = |name: &str| {
                let start = format!("set(CMAKE_{language}_COMPILER_{name} \"");
                text.lines().find_map(|line| Some(line.strip_prefix(&start)?.split('"').next()?.to_owned()))
            };
            if let (Some(id), Some(version)) = (word("ID"), word("VERSION")) {
                found.push(format!("{id} {version}"));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}
