//! How this program is started again: the words of the commands that reports print.
//!
//! # How it works
//!
//! A report is read by somebody who wants to see the failure again, of the implementation that failed and not of another.
//! So the words come from the program that runs: cargo tells it the package, and the place of the executable tells the
//! target and the profile.
//!
//! | started as | the words |
//! |---|---|
//! | an alias of `.cargo/config.toml` that runs this program | `cargo ALIAS` |
//! | `cargo run` | `cargo run -p PACKAGE --example TARGET --`, with the profile |
//! | `cargo test`, an executable without libtest that has the subcommands | `cargo test -p PACKAGE --test TARGET --` |
//! | `cargo test`, `cargo nextest run` | the same with `--test TARGET`, the seed in `LAB_SEED` and the test's own path |
//! | an executable, without cargo | its path, as it was typed |
//!
//! Where something else starts the program (a grader, a script), it sets `LAB_COMMAND` to the words that people there are to
//! type.
//!
//! # The rule
//!
//! All of it is read once, when the program begins: the code under test may change the environment and the current directory.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "what it keeps is the process's, and no simulated thread sees it"
)]

use std::cell::RefCell;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The variable that says with which words this program is started.
pub const COMMAND: &str = "LAB_COMMAND";

/// How this program was started.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Invocation {
    /// A program with subcommands, and the words that start it: `cargo lab`.
    Program(String),
    /// Tests of cargo, and the words that run all of them: `cargo test -p lab --test part_3a`.
    Tests { words: String, is_nextest: bool },
}

static INVOCATION: OnceLock<Invocation> = OnceLock::new();

thread_local! {
    /// The test that this thread runs for cargo: how all are started, and the path of this one, such as `part::figure8_3c`.
    static TEST: RefCell<Option<(Invocation, String)>> = const { RefCell::new(None) };
}

/// This program has subcommands. To be called before any code under test runs.
pub fn init_program() {
    INVOCATION.get_or_init(|| Invocation::Program(program_words(&Startup::of_process())));
}

/// This thread runs the test of that path below its crate for `cargo test`. To be called before any code under test runs.
pub fn init_test(path: &str) {
    // Once for all tests: a later one may find the current directory changed.
    static TESTS: OnceLock<Invocation> = OnceLock::new();
    let invocation = TESTS.get_or_init(|| test_words(&Startup::of_process())).clone();
    TEST.with(|test| *test.borrow_mut() = Some((invocation, path.to_owned())));
}

fn invocation() -> (Invocation, Option<String>) {
    let program = || INVOCATION.get().cloned().unwrap_or_else(|| Invocation::Program("cargo lab".to_owned()));
    let test = TEST.with(|test| test.borrow().clone()).map(|(invocation, path)| (invocation, Some(path)));
    test.unwrap_or_else(|| (program(), None))
}

/// The words that start this program, for one with subcommands: `cargo lab`.
///
/// Tests of cargo have no subcommands. There these are the words that run the tests.
#[must_use]
pub fn program() -> String {
    match invocation().0 {
        Invocation::Program(words) | Invocation::Tests { words, .. } => words,
    }
}

/// The command with this subcommand and its arguments; `None` for tests of cargo, which have no subcommands.
#[must_use]
pub fn subcommand(words: &str) -> Option<String> {
    match invocation().0 {
        Invocation::Program(program) => Some(format!("{program} {words}")),
        Invocation::Tests { .. } => None,
    }
}

/// The command that makes a run happen again; policy and world as they are written. In the real world it makes another run:
/// nothing can be replayed there.
#[must_use]
pub fn replay(test: &str, policy: &str, world: &str, seed: u64) -> String {
    let (invocation, path) = invocation();
    replay_of(&invocation, path.as_deref(), test, policy, world, seed)
}

fn replay_of(
    invocation: &Invocation,
    path: Option<&str>,
    test: &str,
    policy: &str,
    world: &str,
    seed: u64,
) -> String {
    let is_real = world == "real";
    let has_policy = policy != "random" && !is_real;
    match invocation {
        Invocation::Program(words) if is_real => format!("{words} grade {test} --world real"),
        Invocation::Program(words) if has_policy => {
            format!("{words} replay {test} {seed:#x} --policy {policy}")
        }
        Invocation::Program(words) => format!("{words} replay {test} {seed:#x}"),
        Invocation::Tests { words, is_nextest } => {
            let mut command =
                if is_real { "LAB_WORLD=real ".to_owned() } else { format!("LAB_SEED={seed:#x} ") };
            if has_policy {
                command += &format!("LAB_POLICY={policy} ");
            }
            command += words;
            // Without a path, tests with longer names may run as well; with it, this one alone.
            command
                + &match (path, is_nextest) {
                    (Some(path), true) => format!(" -E 'test(={path})'"),
                    (Some(path), false) => format!(" {path} -- --exact"),
                    (None, _) => format!(" {test}"),
                }
        }
    }
}

/// How this process was started, as far as it can know.
#[derive(Clone, Debug, Default)]
struct Startup {
    /// `LAB_COMMAND`.
    command: Option<String>,
    /// The first argument, as it was typed.
    typed: String,
    executable: PathBuf,
    /// Of the package whose target this is; `None` if cargo did not start it.
    package: Option<String>,
    /// The folder of that package.
    manifest: PathBuf,
    is_nextest: bool,
    /// What stands in the configuration files of cargo that hold here, the nearest first.
    configurations: Vec<String>,
}

impl Startup {
    fn of_process() -> Self {
        let here = env::current_dir().unwrap_or_default();
        let read = |folder: &Path| fs::read_to_string(folder.join(".cargo/config.toml")).ok();
        Self {
            command: env::var(COMMAND).ok().filter(|words| !words.trim().is_empty()),
            // A path need not be UTF-8. What cannot be shown cannot be typed again either.
            typed: env::args_os()
                .next()
                .map_or_else(|| "lab".to_owned(), |typed| typed.to_string_lossy().into_owned()),
            executable: env::current_exe().unwrap_or_default(),
            package: env::var("CARGO_PKG_NAME").ok(),
            manifest: env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from),
            is_nextest: env::var_os("NEXTEST").is_some(),
            configurations: here.ancestors().filter_map(read).collect(),
        }
    }

    /// The name of the target, and the folder in which cargo has put it.
    fn target(&self) -> (String, &str) {
        let name = self.executable.file_stem().and_then(|stem| stem.to_str()).unwrap_or("lab");
        let folder = self.executable.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        let folder = folder.unwrap_or_default();
        match (folder, name.rsplit_once('-')) {
            // cargo's own copies have a hash behind the name.
            ("deps" | "examples", Some((name, hash))) if hash.len() == 16 => (name.to_owned(), folder),
            _ => (name.to_owned(), folder),
        }
    }

    /// ` --release` or ` --profile NAME`; nothing for the profile that is used by default.
    fn profile(&self) -> String {
        let folders: Vec<&str> = self
            .executable
            .parent()
            .into_iter()
            .flat_map(Path::iter)
            .filter_map(|name| name.to_str())
            .collect();
        let profile = match folders.as_slice() {
            [.., profile, "deps" | "examples"] | [.., profile] => *profile,
            [] => "debug",
        };
        match profile {
            "debug" => String::new(),
            "release" => " --release".to_owned(),
            other => format!(" --profile {other}"),
        }
    }
}

fn program_words(startup: &Startup) -> String {
    if let Some(words) = &startup.command {
        return words.clone();
    }
    // Without cargo: what was typed works again, from the same folder.
    let Some(package) = &startup.package else { return quoted(&startup.typed) };
    let (target, folder) = startup.target();
    let profile = startup.profile();
    // The nearest configuration first, as cargo reads them.
    let aliases = startup.configurations.iter().flat_map(|text| aliases(text));
    let runs_this = |(_, words): &(String, Vec<String>)| runs(words, package, &target, &profile);
    if let Some((alias, _)) =
        aliases.into_iter().find(runs_this).filter(|_| !["deps", "examples"].contains(&folder))
    {
        return format!("cargo {alias}");
    }
    match folder {
        // A test executable that is a program as well.
        "deps" => format!("cargo test -p {package}{profile} --test {target} --"),
        "examples" => format!("cargo run -p {package}{profile} --example {target} --"),
        _ => format!("cargo run -p {package}{profile} --bin {target} --"),
    }
}

/// Whether an alias of these words runs this target of this package.
fn runs(words: &[String], package: &str, target: &str, profile: &str) -> bool {
    let after = |names: &[&str]| {
        let place = words.iter().position(|word| names.contains(&word.as_str()))?;
        words.get(place + 1).map(String::as_str)
    };
    let own_profile =
        match (words.iter().any(|word| word == "--release" || word == "-r"), after(&["--profile"])) {
            (true, _) => " --release".to_owned(),
            (false, Some(name)) => format!(" --profile {name}"),
            (false, None) => String::new(),
        };
    matches!(words.first().map(String::as_str), Some("run" | "r"))
        && after(&["-p", "--package"]).is_none_or(|name| name == package)
        && after(&["--bin"]).is_none_or(|name| name == target)
        && after(&["--example"]).is_none()
        && own_profile == profile
}

/// The aliases of a configuration file, each with its words. Only the two forms that cargo has, each on a line of its own, are
/// read; of an alias in another form the long command is printed instead.
fn aliases(text: &str) -> Vec<(String, Vec<String>)> {
    let lines = text.lines().map(str::trim).skip_while(|line| *line != "[alias]").skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let split = |line: &str| {
        let (name, value) = line.split_once('=')?;
        let value = value.trim();
        let words = match value.strip_prefix('[') {
            Some(list) => list.trim_end_matches(']').split(',').map(unquoted).collect(),
            None => unquoted(value).split_whitespace().map(str::to_owned).collect(),
        };
        Some((name.trim().trim_matches('"').to_owned(), words))
    };
    lines.filter(|line| !line.starts_with('#')).filter_map(split).collect()
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches(['"', '\'']).to_owned()
}

fn test_words(startup: &Startup) -> Invocation {
    let is_nextest = startup.is_nextest;
    if let Some(words) = &startup.command {
        return Invocation::Tests { words: words.clone(), is_nextest };
    }
    let cargo = if is_nextest { "cargo nextest run" } else { "cargo test" };
    let (target, _) = startup.target();
    let Some(package) = &startup.package else {
        return Invocation::Tests { words: quoted(&startup.typed), is_nextest: false };
    };
    let tests = startup.manifest.join("tests");
    // The executable of a library's tests bears the package's name, and so may a file in tests/. The file
    // decides.
    let is_library = target == package.replace('-', "_")
        && !tests.join(format!("{target}.rs")).exists()
        && !tests.join(&target).exists();
    let kind = if is_library { "--lib".to_owned() } else { format!("--test {target}") };
    Invocation::Tests { words: format!("{cargo} -p {package}{} {kind}", startup.profile()), is_nextest }
}

/// A word for a shell.
#[must_use]
pub fn quoted(word: &str) -> String {
    // What no shell takes for something else. All other words are quoted, with every quote of their own
    // ended, escaped and begun anew.
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+=:@%,".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(executable: &str, package: Option<&str>, configuration: &str) -> Startup {
        Startup {
            typed: "./lab".into(),
            executable: executable.into(),
            package: package.map(str::to_owned),
            configurations: vec![configuration.to_owned()],
            ..Startup::default()
        }
    }

    #[test]
    fn program_is_called_as_it_was_started() {
        let alias = "[build]\njobs = 1\n[alias]\n# x\nlab = \"run --package mine --bin lab --\"\n";
        let list = "[alias]\ngo = [\"run\", \"-p\", \"mine\"]\n[term]\n";
        let rows = [
            ("/w/target/debug/lab", Some("mine"), alias, "cargo lab"),
            ("/w/target/debug/lab", Some("mine"), list, "cargo go"),
            ("/w/target/debug/other", Some("mine"), alias, "cargo run -p mine --bin other --"),
            ("/w/target/release/lab", Some("mine"), alias, "cargo run -p mine --release --bin lab --"),
            ("/w/target/quick/lab", Some("mine"), "", "cargo run -p mine --profile quick --bin lab --"),
            ("/w/target/debug/examples/my", Some("mine"), alias, "cargo run -p mine --example my --"),
            (
                "/w/target/debug/deps/x-0123456789abcdef",
                Some("mine"),
                alias,
                "cargo test -p mine --test x --",
            ),
            ("/w/target/debug/lab", None, alias, "./lab"),
        ];
        for (executable, package, configuration, words) in rows {
            assert_eq!(program_words(&started(executable, package, configuration)), words, "{executable}");
        }
        let told = Startup { command: Some("grade-it".into()), ..started("/x", Some("mine"), alias) };
        assert_eq!(program_words(&told), "grade-it");
        let odd = Startup { typed: "my lab".into(), ..Startup::default() };
        assert_eq!(program_words(&odd), "'my lab'");
    }

    #[test]
    fn tests_are_run_again_alone_with_their_seed() {
        let of = |executable: &str, is_nextest: bool| {
            test_words(&Startup { is_nextest, ..started(executable, Some("my-raft"), "") })
        };
        let integration = of("/w/target/debug/deps/part_3a-0123456789abcdef", false);
        assert_eq!(
            replay_of(&integration, Some("m::figure8_3c"), "figure8_3c", "pct:3", "simulated", 42),
            "LAB_SEED=0x2a LAB_POLICY=pct:3 cargo test -p my-raft --test part_3a m::figure8_3c -- --exact"
        );
        assert_eq!(
            replay_of(&integration, None, "figure8_3c", "random", "real", 1),
            "LAB_WORLD=real cargo test -p my-raft --test part_3a figure8_3c"
        );
        let library = of("/w/target/release/deps/my_raft-0123456789abcdef", true);
        assert_eq!(
            replay_of(&library, Some("m::figure8_3c"), "figure8_3c", "random", "simulated", 1),
            "LAB_SEED=0x1 cargo nextest run -p my-raft --release --lib -E 'test(=m::figure8_3c)'"
        );
    }

    #[test]
    fn program_replays_with_its_subcommand() {
        let program = Invocation::Program("cargo lab".into());
        assert_eq!(replay_of(&program, None, "a_3a", "random", "simulated", 1), "cargo lab replay a_3a 0x1");
        assert_eq!(
            replay_of(&program, None, "a_3a", "fifo", "simulated", 1),
            "cargo lab replay a_3a 0x1 --policy fifo"
        );
        assert_eq!(
            replay_of(&program, None, "a_3a", "random", "real", 1),
            "cargo lab grade a_3a --world real"
        );
    }
}
