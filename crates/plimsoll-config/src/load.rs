//! The whole way from text to service.

use plimsoll_model::service::Service;

use crate::document::Node;
use crate::groups::file::FileLayer;
use crate::problem::{Problem, Problems};
use crate::settings::Setting as _;
use crate::sink::Sink;
use crate::source::Source;
use crate::syntax;

/// Name of the file that people keep beside their code.
pub const FILE_NAME: &str = "plimsoll.toml";
/// Largest text that is read.
pub const MAX_BYTES: usize = 1 << 20;

/// A file that can be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What it says, with all defaults.
    pub service: Service,
    /// What it says and probably does not mean, in the order of the file.
    pub warnings: Vec<Problem>,
}

/// Turns the text of a file into a service, or into all that is wrong with it. `file_name` is only shown.
pub fn load(file_name: &str, text: &str) -> Result<Loaded, Problems> {
    if text.len() > MAX_BYTES {
        return Err(too_large(file_name, text.len()));
    }
    let (table, errors) = syntax::parse(text);
    let source = Source::with_document(file_name, text, &table);
    let mut sink = Sink::new(&source);
    let document = toml::de::DeValue::Table(table);
    let node = Node { value: &document, span: 0..0, key: 0..0, path: String::new() };
    let layer = FileLayer::read(&node, &mut sink);
    if !errors.is_empty() {
        return Err(with_syntax_errors(&source, sink, &errors));
    }
    let service = layer.and_then(|layer| layer.resolve(&mut sink));
    let failed = sink.has_errors();
    let problems = sink.into_problems();
    match service {
        Some(service) if !failed => Ok(Loaded { service, warnings: problems.problems }),
        _ => Err(problems),
    }
}

/// The syntax errors, and what was found before the first of them.
fn with_syntax_errors(source: &Source<'_>, mut read: Sink<'_>, errors: &[toml::de::Error]) -> Problems {
    let mut sink = Sink::new(source);
    let trusted = syntax::report(errors, &mut sink).unwrap_or_default();
    read.keep_before(trusted);
    let (mut problems, before) = (sink.into_problems(), read.into_problems());
    problems.problems.splice(0..0, before.problems);
    problems
}

fn too_large(file_name: &str, bytes: usize) -> Problems {
    let source = Source::new(file_name, "");
    let mut sink = Sink::new(&source);
    sink.error_in_file(format!("the file has {bytes} bytes; at most {MAX_BYTES} are read"))
        .help("is it the right file?");
    sink.into_problems()
}
