//! `plimsoll inspect`: facts about files, without running anything.

use std::path::Path;

use plimsoll_artifact::inspect::Question;
use plimsoll_model::ExitCode;
use plimsoll_model::inspection::Inspection;

use crate::cli::Inspect;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) fn run(output: Output, arguments: &Inspect) -> Result<ExitCode, Failure> {
    if !arguments.root.is_dir() {
        return Err(Failure::usage(format!("the root {} is not a folder", arguments.root.display())).help(
            "--root takes the root folder of a file system, as `debootstrap` or an unpacked image has",
        ));
    }
    if let Some(path) = arguments.files.iter().find(|path| path.symlink_metadata().is_err()) {
        return Err(Failure::usage(format!("there is no {}", path.display())));
    }
    let question = Question { root: arguments.root.clone(), functions: arguments.functions };
    let inspections: Vec<Inspection> = arguments.files.iter().map(|path| inspect(path, &question)).collect();
    if output.is_json() {
        for inspection in &inspections {
            output.print(inspection, |_| String::new())?;
        }
    } else {
        output.text(&plimsoll_report::inspections(&inspections, &output.style()))?;
    }
    let unread = inspections.iter().any(|inspection| inspection.problem.is_some());
    Ok(if unread { ExitCode::Inconclusive } else { ExitCode::Success })
}

/// Facts about one file. Which reader a kind of file has is chosen here and nowhere else: program files and scripts
/// by their first bytes, in `plimsoll-artifact`; kinds that only a name tells go before them.
fn inspect(path: &Path, question: &Question) -> Inspection {
    match plimsoll_rules::systemd::inspect(path) {
        Some(inspection) => inspection,
        None => plimsoll_artifact::inspect::inspect(path, question),
    }
}
