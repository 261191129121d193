//! Names of images: `registry.example:5000/team/app:1.2@sha256:…`.

/// An image as `FROM` or `COPY --from` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The whole text.
    pub text: String,
    /// The registry, where one is named.
    pub registry: Option<String>,
    /// The path without registry, tag and digest.
    pub path: String,
    /// The tag.
    pub tag: Option<String>,
    /// The digest.
    pub digest: Option<String>,
}

impl Image {
    /// Takes a name apart. Every text is some image.
    pub fn new(text: &str) -> Self {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.to_owned())),
            None => (text, None),
        };
        // A colon before the last slash is a port.
        let last = name.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match name[last..].find(':') {
            // The default of a variable, `${X:-y}`, is no tag.
            Some(at) if !inside_braces(name, last + at) => {
                (&name[..last + at], Some(name[last + at + 1..].to_owned()))
            }
            _ => (name, None),
        };
        let (registry, path) = match name.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
                (Some(first.to_owned()), rest)
            }
            _ => (None, name),
        };
        Self { text: text.to_owned(), registry, path: path.to_owned(), tag, digest }
    }

    /// Whether it is the image that has nothing in it.
    pub fn is_scratch(&self) -> bool {
        self.text == "scratch"
    }

    /// Whether its name holds variables.
    pub fn has_variables(&self) -> bool {
        self.text.contains('$')
    }
}

fn inside_braces(text: &str, at: usize) -> bool {
    let before = &text[..at];
    before.matches("${").count() > before.matches('}').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let parts = |text| {
            let image = Image::new(text);
            let or = |part: Option<String>| part.unwrap_or("-".to_owned());
            format!("{} {} {} {}", or(image.registry), image.path, or(image.tag), or(image.digest))
        };
        for (text, expected) in [
            ("debian", "- debian - -"),
            ("debian:12", "- debian 12 -"),
            ("r.example:5000/a/b", "r.example:5000 a/b - -"),
            ("r.example:5000/a/b:1@sha256:aa", "r.example:5000 a/b 1 sha256:aa"),
            ("localhost/a", "localhost a - -"),
            ("team/a", "- team/a - -"),
            ("${X:-debian}", "- ${X:-debian} - -"),
            ("${R}/x:$T", "- ${R}/x $T -"),
            ("", "-  - -"),
            ("@", "-  - "),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }
}
