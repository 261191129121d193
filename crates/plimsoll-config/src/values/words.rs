//! Settings that are one of a few words.

use toml::de::DeValue;

use crate::document::Node;
use crate::fields::list;
use crate::sink::Sink;
use crate::suggest;

/// Declares that a type is written as one of some words.
macro_rules! words {
    ($type:ty, [$(($word:literal, $value:expr, $about:literal)),+ $(,)?]) => {
        impl $crate::settings::Setting for $type {
            fn shape() -> $crate::shape::Shape {
                $crate::shape::Shape::Words(&[$(($word, $about)),+])
            }

            fn read(
                node: &$crate::document::Node<'_>,
                sink: &mut $crate::sink::Sink<'_>,
            ) -> Option<Self> {
                $crate::values::words::choose(node, &[$(($word, $value, $about)),+], sink)
            }
        }
    };
}

pub(crate) use words;

/// The value of the word that was written, or a report of what could have been.
pub(crate) fn choose<T: Copy>(
    node: &Node<'_>,
    words: &[(&'static str, T, &'static str)],
    sink: &mut Sink<'_>,
) -> Option<T> {
    let typed = node.text();
    if let Some((_, value, _)) = words.iter().find(|(word, ..)| Some(*word) == typed) {
        return Some(*value);
    }
    let known: Vec<&str> = words.iter().map(|(word, ..)| *word).collect();
    let shown: Vec<String> = known.iter().map(|word| format!("\"{word}\"")).collect();
    let near = typed.and_then(|typed| suggest::nearest(typed, &known));
    let problem = node.wrong(&list(&shown, "or"), sink);
    if let Some(near) = near {
        problem.help(format!("did you mean \"{near}\"?"));
    } else if let DeValue::Boolean(_) = node.value {
        problem.help("it is a word between quotes");
    }
    None
}
