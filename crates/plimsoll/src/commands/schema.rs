//! `plimsoll schema`: the JSON Schema of the configuration, for editors.

use plimsoll_model::ExitCode;

use crate::failure::Failure;
use crate::output::Output;

pub(crate) fn run(output: Output) -> Result<ExitCode, Failure> {
    let schema = plimsoll_config::json_schema();
    let text =
        serde_json::to_string_pretty(&schema).map_err(|e| Failure::new(ExitCode::Internal, e.to_string()))?;
    output.print(&schema, |_| text + "\n")?;
    Ok(ExitCode::Success)
}
