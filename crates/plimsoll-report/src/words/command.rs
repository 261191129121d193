//! What people ask of a rollout.

use plimsoll_model::record::Command;

use crate::names::Names;

/// `asked to go back`.
pub(crate) fn clause(command: &Command, names: &Names) -> String {
    match command {
        Command::Abort => "asked to go back".to_owned(),
        Command::Promote => "asked to go on".to_owned(),
        Command::PromoteFully => "asked to skip every step that is left".to_owned(),
        Command::Pause => "paused it".to_owned(),
        Command::Resume => "ended the pause".to_owned(),
        Command::Supersede { by } => format!("put {} in its place", names.release(by)),
        Command::Retry { release } => format!("allowed {} to be tried again", names.release(release)),
    }
}
