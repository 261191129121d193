//! The host's trail: a line for each deed, written when its result is known.
//!
//! A deed that an agent's death cut off has no line; it is asked for again by whoever goes on, and has one then. A trail
//! that cannot be written (a full disk) is told as a trouble and prevents nothing: going back matters more.

use plimsoll_model::agent::{Refusal, Response};
use plimsoll_model::observation::SwitchState;
use plimsoll_model::trail::{Deed, SWITCH};
use plimsoll_model::{Digest, Fence, RolloutId};

use super::Agent;

/// Where the trail goes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrailEnd {
    next: u64,
    previous: Digest,
}

/// What is to be written of a request once its result is known.
pub(super) struct Asked {
    fence: Fence,
    rollout: Option<RolloutId>,
    request: &'static str,
    about: String,
}

impl Agent {
    /// Says who the next requests come from.
    pub fn called_by(&mut self, author: Option<String>) {
        self.author = author;
    }

    /// What a call will leave on the trail; nothing where it changes nothing.
    pub(super) fn asked(&self, call: &plimsoll_model::agent::Call) -> Option<Asked> {
        let about = call.request.deed()?;
        let rollout = call.request.rollout().or_else(|| self.switch_orders().map(|orders| &orders.rollout));
        Some(Asked {
            fence: call.fence.unwrap_or_default(),
            rollout: rollout.cloned(),
            request: call.request.name(),
            about,
        })
    }

    /// Writes what came of it.
    pub(super) fn answered(&mut self, asked: Asked, result: &Result<Response, Refusal>) {
        let refused = result.as_ref().err().map(|refusal| refusal.message.clone());
        let who = self.author.clone();
        self.write_trail(asked, who, refused);
    }

    /// Writes that the switch went off, which nobody asked for.
    pub(super) fn switch_went_off(&mut self) {
        let SwitchState::Fired { orders, .. } = &self.state.switch else { return };
        let asked = Asked {
            fence: self.state.fence,
            rollout: Some(orders.rollout.clone()),
            request: SWITCH,
            about: format!("nothing was heard for {}; goes back", orders.after),
        };
        self.write_trail(asked, None, None);
    }

    fn write_trail(&mut self, asked: Asked, who: Option<String>, refused: Option<String>) {
        let end = match self.trail_end {
            Some(end) => end,
            None => match self.find_trail_end() {
                Ok(end) => end,
                Err(why) => return drop(self.troubles.insert("trail", why)),
            },
        };
        let deed = Deed {
            sequence: end.next,
            at: self.now,
            who,
            fence: asked.fence,
            rollout: asked.rollout,
            request: asked.request.to_owned(),
            about: asked.about,
            refused,
            previous: end.previous,
        };
        let (line, hash) = deed.seal();
        match self.parts.state.append_trail(&line) {
            Ok(()) => {
                self.trail_end = Some(TrailEnd { next: end.next + 1, previous: hash });
                self.troubles.remove("trail");
            }
            // Whether the line is there is not known; it is looked up before the next one.
            Err(error) => {
                self.trail_end = None;
                self.troubles.insert("trail", error.to_string());
            }
        }
    }

    /// Where the kept trail ends. A line that is not as it was written is not mended here: the next one follows from the
    /// last that can be read, and a reader sees the gap.
    fn find_trail_end(&mut self) -> Result<TrailEnd, String> {
        let lines = self.parts.state.trail().map_err(|error| error.to_string())?;
        let last = lines.iter().rev().find_map(|line| Deed::open(line).ok());
        Ok(last.map_or(TrailEnd { next: 1, previous: origin() }, |(deed, hash)| TrailEnd {
            next: deed.sequence + 1,
            previous: hash,
        }))
    }

    /// The trail as it is kept.
    pub(super) fn trail(&mut self) -> Result<Response, Refusal> {
        Ok(Response::Trail { lines: self.parts.state.trail()? })
    }
}

/// What the first line follows from: 64 zeros.
fn origin() -> Digest {
    "0".repeat(64).parse().expect("64 zeros are a digest")
}
