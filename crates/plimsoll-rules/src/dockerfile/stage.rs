//! Stages: what is built between one `FROM` and the next.

use super::body::Body;
use super::image::Image;
use super::instruction::Instruction;

/// A stage of the build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The image that it begins with, as it was named.
    pub image: Image,
    /// Its name.
    pub name: Option<String>,
    /// The stage before that it is based on, where it is no image.
    pub base: Option<usize>,
    /// The index of its `FROM` among the instructions.
    pub from: usize,
}

/// The stages of a file. Each instruction is told its stage on the way.
pub(super) fn stages(instructions: &mut [Instruction]) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    // By name, the newest last: looked up as the builder does, without regard to case.
    let mut names = std::collections::HashMap::new();
    for (index, instruction) in instructions.iter_mut().enumerate() {
        if let Body::From { image, alias } = &instruction.body {
            let base = names.get(&image.text.to_ascii_lowercase()).copied();
            if let Some(alias) = alias {
                names.insert(alias.to_ascii_lowercase(), stages.len());
            }
            stages.push(Stage { image: image.clone(), name: alias.clone(), base, from: index });
        }
        instruction.stage = stages.len().checked_sub(1);
        if let Body::Onbuild(inner) = &mut instruction.body {
            inner.stage = stages.len().checked_sub(1);
        }
    }
    stages
}
