//! Texts that look like libraries, in files that open libraries by name, where no table and no family says more about them.

use plimsoll_model::bundle::RunTimeState;

use super::gathering::Gathering;

/// Names each that is not inside. Many are never loaded: other systems' names, old versions.
pub(super) fn tell(gathering: &mut Gathering) {
    let opened: Vec<(String, Vec<String>)> = gathering
        .evidence
        .opened()
        .map(|(name, files)| (name.to_owned(), files.iter().take(3).cloned().collect()))
        .collect();
    for (text, files) in opened {
        let name = text.rsplit('/').next().unwrap_or_default();
        let is_inside = gathering.contents.keys().any(|path| path.rsplit('/').next() == Some(name));
        if is_inside {
            continue;
        }
        let why = format!("named in {}, which opens libraries by name", files.join(", "));
        if gathering.is_left_out(name) {
            gathering.tell(name, RunTimeState::LeftOut, why, None);
            continue;
        }
        let here = if text.starts_with('/') {
            Some(std::path::PathBuf::from(&text)).filter(|path| path.is_file())
        } else {
            gathering.find_library(&text)
        };
        let advice = match here {
            Some(path) => format!("--with {}    if it is used", path.display()),
            None => "not on this machine".to_owned(),
        };
        gathering.tell(&text, RunTimeState::Unknown, why, Some(advice));
    }
    if !gathering.evidence.is_complete {
        let why = "not every file could be searched for names of libraries to its end";
        gathering.tell("texts", RunTimeState::Unknown, why, None);
    }
}
