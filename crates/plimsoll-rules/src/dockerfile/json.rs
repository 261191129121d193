//! JSON arrays of strings: the exec form.

/// The strings of an array; nothing where the text is none, for then it is the shell form.
pub(super) fn array(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    (text.starts_with('[') && text.ends_with(']')).then(|| serde_json::from_str(text).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_arrays_of_strings_count() {
        assert_eq!(array(r#" [ "a" , "b\n" ] "#), Some(vec!["a".to_owned(), "b\n".to_owned()]));
        assert_eq!(array("[]"), Some(vec![]));
        for no in [r#"["a",]"#, "['a']", r#"["a", 1]"#, "a", "[", &"[".repeat(10_000)] {
            assert_eq!(array(no), None, "{no}");
        }
    }
}
