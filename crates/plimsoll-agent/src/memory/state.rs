//! The host state in memory, kept as the text that a file would hold.

use std::path::PathBuf;

use super::behaviour::Fault;
use super::host::Host;
use crate::state::{HostState, Secrets, StateError, StateStore, parse};

pub(super) struct MemoryState(pub(super) Host);

fn path() -> PathBuf {
    PathBuf::from("memory:state/agent.json")
}

fn failed(why: &str, full: bool) -> StateError {
    StateError::Io { action: "write", path: path(), why: why.to_owned(), full }
}

impl StateStore for MemoryState {
    fn load(&mut self) -> Result<Option<HostState>, StateError> {
        self.0.world().saved_state.as_ref().map(|text| parse(text.as_bytes(), &path())).transpose()
    }

    fn save(&mut self, state: &HostState) -> Result<(), StateError> {
        let text = serde_json::to_string(state).map_err(|error| failed(&error.to_string(), false))?;
        let saved = self.0.effect(|world| {
            if world.fails(Fault::Save) {
                return Err(failed("no space left on device", true));
            }
            world.saved_state = Some(text);
            Ok(())
        });
        saved.unwrap_or_else(|| Err(failed("the agent died", false)))
    }

    fn load_secrets(&mut self) -> Result<Secrets, StateError> {
        let world = self.0.world();
        if world.saved_secrets.is_empty() {
            return Ok(Secrets::default());
        }
        serde_json::from_str(&world.saved_secrets)
            .map_err(|error| StateError::Damaged { path: path(), why: error.to_string() })
    }

    fn save_secrets(&mut self, secrets: &Secrets) -> Result<(), StateError> {
        let text = serde_json::to_string(secrets).map_err(|error| failed(&error.to_string(), false))?;
        self.0.effect(|world| world.saved_secrets = text).ok_or_else(|| failed("the agent died", false))
    }

    fn append_trail(&mut self, line: &str) -> Result<(), StateError> {
        if self.0.is_dead() {
            return Err(failed("the agent died", false));
        }
        self.0.world().trail.push(line.to_owned());
        Ok(())
    }

    fn trail(&mut self) -> Result<Vec<String>, StateError> {
        Ok(self.0.world().trail.clone())
    }
}
