//! Commands as rules ask about them: names, words, flags.

/// What shell text runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// Every simple command, in the order in which it stands there.
    pub commands: Vec<Command>,
    /// Whether the output of some command is the input of another one.
    pub has_pipe: bool,
}

/// A simple command. Quotes are removed; a variable is `${VAR}` and a substitution `$()`, whatever they hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// Variables that are set for it: `A=b make`.
    pub assignments: Vec<(String, String)>,
    /// The program's name as it is written; empty where only variables are set.
    pub name: String,
    /// The words behind it.
    pub words: Vec<String>,
    /// Where it begins in the text.
    pub at: usize,
}

/// Stands for the value of a variable.
pub(super) const VARIABLE: &str = "${VAR}";

/// Stands for what a substituted command prints.
pub(super) const SUBSTITUTION: &str = "$()";

/// Builtins that run the command behind them.
const PREFIXES: [&str; 3] = ["command", "exec", "builtin"];

impl Script {
    /// The program of an exec form.
    pub fn of_words(words: &[String]) -> Self {
        let command = Command::new(0, Vec::new(), words.to_vec());
        Self { commands: vec![command], has_pipe: false }
    }

    /// The commands of this name.
    pub fn named<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a Command> {
        self.commands.iter().filter(|command| names.contains(&command.name.as_str()))
    }

    /// Whether it runs a program of this name.
    pub fn runs(&self, name: &str) -> bool {
        self.commands.iter().any(|command| command.name == name)
    }

    /// Whether it asks its shell to fail where any part of a pipe fails.
    pub fn sets_pipefail(&self) -> bool {
        self.named(&["set"]).any(|command| command.words.iter().any(|word| word == "pipefail"))
    }

    /// Whether a variable is set to one of these values, for a command or for all that follow.
    pub fn sets(&self, name: &str, values: &[&str]) -> bool {
        let fits = |key: &str, value: &str| key == name && values.contains(&value);
        self.commands.iter().any(|command| {
            let exported = command.words.iter().filter_map(|word| word.split_once('='));
            command.assignments.iter().any(|(key, value)| fits(key, value))
                || (command.name == "export" && exported.into_iter().any(|(key, value)| fits(key, value)))
        })
    }

    /// Adds what another text runs.
    pub(crate) fn append(&mut self, other: Self) {
        self.commands.extend(other.commands);
        self.has_pipe |= other.has_pipe;
    }
}

impl Command {
    /// A command of these words, the first of which is its name.
    pub(super) fn new(at: usize, assignments: Vec<(String, String)>, words: Vec<String>) -> Self {
        let mut words = words.into_iter().peekable();
        let mut name = words.next().unwrap_or_default();
        while PREFIXES.contains(&name.as_str()) && words.peek().is_some_and(|word| !word.starts_with('-')) {
            name = words.next().unwrap_or_default();
        }
        Self { assignments, name, words: words.collect(), at }
    }

    /// Whether it has this word.
    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|own| own == word)
    }

    /// Whether it has one of these words.
    pub fn has_any(&self, words: &[&str]) -> bool {
        self.words.iter().any(|own| words.contains(&own.as_str()))
    }

    /// The names of its flags: `long` of `--long=x`, and each letter of `-abc`.
    pub fn flags(&self) -> impl Iterator<Item = &str> {
        self.words.iter().flat_map(|word| {
            let long = word.strip_prefix("--").filter(|flag| !flag.is_empty());
            let short = word.strip_prefix('-').filter(|_| long.is_none() && word != "--");
            let long = long.map(|flag| flag.split_once('=').map_or(flag, |(name, _)| name));
            let letters =
                short.into_iter().flat_map(|letters| letters.split("").filter(|letter| !letter.is_empty()));
            long.into_iter().chain(letters)
        })
    }

    /// Whether it has one of these flags, long or short.
    pub fn has_flag(&self, names: &[&str]) -> bool {
        self.flags().any(|flag| names.contains(&flag))
    }

    /// The words that are neither flags nor the values of `valued` flags. A flag that has its value behind `=` takes no
    /// other word.
    pub fn operands<'a>(&'a self, valued: &'a [&str]) -> impl Iterator<Item = &'a str> {
        let mut skip = false;
        let mut only_operands = false;
        self.words.iter().map(String::as_str).filter(move |word| {
            if std::mem::take(&mut skip) {
                return false;
            }
            if only_operands || !word.starts_with('-') || *word == "-" {
                return true;
            }
            only_operands = *word == "--";
            skip = valued.contains(word);
            false
        })
    }

    /// The words behind one of these subcommands (`install`), flags left out.
    pub fn operands_of<'a>(&'a self, subcommands: &'a [&str], valued: &'a [&str]) -> Option<Vec<&'a str>> {
        let mut operands = self.operands(valued);
        let is_it = operands.next().is_some_and(|word| subcommands.contains(&word));
        is_it.then(|| operands.collect())
    }

    /// The values of a flag: `-v 1`, `--version=1`.
    pub fn values<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
        let words = self.words.iter().enumerate();
        words.filter_map(move |(at, word)| {
            if names.contains(&word.as_str()) {
                return self.words.get(at + 1).map(String::as_str);
            }
            let (name, value) = word.split_once('=')?;
            names.contains(&name).then_some(value)
        })
    }

    /// Whether it is a shell.
    pub(crate) fn is_shell(&self) -> bool {
        let name = self.name.rsplit('/').next().unwrap_or_default();
        ["sh", "bash", "ash", "dash", "zsh", "ksh"].contains(&name)
    }

    /// Whether it names no file and no text to run, so that it reads its input.
    pub(crate) fn is_without_script(&self) -> bool {
        !self.has_flag(&["c"]) && self.operands(&["-o"]).next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(text: &str) -> Command {
        super::super::script(text).commands.remove(0)
    }

    #[test]
    fn flags_are_long_or_letters() {
        let command = command("x -yq --no-install-recommends --to=a=b - -- -z");
        assert_eq!(command.flags().collect::<Vec<_>>(), ["y", "q", "no-install-recommends", "to", "z"]);
    }

    #[test]
    fn operands_leave_flags_and_their_values_out() {
        let operands =
            |text| command(text).operands(&["-t", "--to"]).map(ToOwned::to_owned).collect::<Vec<_>>();
        assert_eq!(
            operands("x install -t a b --to c d --to=e f - -- -g"),
            ["install", "b", "d", "f", "-", "-g"]
        );
        assert_eq!(operands("x -t"), Vec::<String>::new());
    }

    #[test]
    fn builtins_that_run_others_are_seen_through() {
        assert_eq!(
            (command("command x a").name.as_str(), command("exec x a").words),
            ("x", vec!["a".to_owned()])
        );
        assert_eq!(command("command -v x").name, "command");
    }
}
