//! All files of a handout.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use lab_course::Part;

use crate::shapes::{self, Shape};

/// The template of the lab, which holds what cargo needs.
macro_rules! template {
    ($file:literal) => {
        include_str!(concat!("../../template/", $file))
    };
}

/// Texts that go with every handout.
const TEXTS: [&str; 3] = ["students.md", "rust.md", "labrpc.md"];

/// Where the lab comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A clone.
    Path(PathBuf),
    /// A repository, and one of its commits if one is named.
    Git(String, Option<String>),
}

/// A student's workspace.
#[derive(Clone, Debug)]
pub struct Handout {
    /// The name of its package.
    pub name: String,
    /// What of the course it is for, in the order of the course.
    pub parts: Vec<&'static Part>,
    /// How much is given.
    pub shape: Shape,
    /// Where the lab comes from.
    pub source: Source,
    /// Milestones whose solution is in it, in the shape that has signatures for them.
    pub given: Vec<&'static str>,
    /// With the whole solution in it, in the place of the skeleton: for teachers.
    pub is_solved: bool,
}

impl Handout {
    /// All files, by their paths in the workspace, in a fixed order.
    #[must_use]
    pub fn files(&self) -> Vec<(PathBuf, String)> {
        let lib = self.name.replace('-', "_");
        let own = |text: &str| text.replace("my_raft::", &format!("{lib}::"));
        let mut files: Vec<(PathBuf, String)> = vec![
            (".cargo/config.toml".into(), template!(".cargo/config.toml").into()),
            (".gitignore".into(), template!(".gitignore").into()),
            ("Cargo.lock".into(), include_str!("../../../Cargo.lock").into()),
            ("Cargo.toml".into(), self.manifest()),
            ("README.md".into(), self.readme()),
            ("clippy.toml".into(), template!("clippy.toml").into()),
            ("rustfmt.toml".into(), include_str!("../../../rustfmt.toml").into()),
            ("src/main.rs".into(), own(&self.program())),
            ("tests/suites.rs".into(), own(&self.suites())),
        ];
        let is_given = |milestone: &str| self.given.contains(&milestone);
        let sources = match (self.has_lab('3'), self.has_lab('4')) {
            (false, false) => vec![("lib.rs", LAB2_ROOT.to_owned())],
            _ if self.is_solved => shapes::solution(),
            (true, _) => self.shape.files(is_given),
            // A service needs a Raft that works.
            (false, true) => shapes::given(),
        };
        let below_src = |name: &str| Path::new("src").join(name);
        let mut modules = Vec::new();
        let mut declared = Vec::new();
        if self.has_lab('2') {
            modules.extend(shapes::lab2_masters());
            declared.extend(["locks", "single"]);
        }
        if self.has_lab('4') {
            modules.extend(shapes::lab4_masters());
            declared.push("service");
        }
        declared.sort_unstable();
        let declared: String = declared.iter().map(|module| format!("pub mod {module};\n")).collect();
        files.extend(sources.into_iter().map(|(name, text)| match name {
            "lib.rs" if !declared.is_empty() => (below_src(name), format!("{text}\n{declared}")),
            _ => (below_src(name), text),
        }));
        let modules = shapes::modules(modules, self.is_solved, is_given);
        files.extend(modules.into_iter().map(|(name, text)| (below_src(&name), text)));
        files.extend(self.texts().into_iter().map(|(name, text)| (Path::new("docs").join(name), text)));
        files.sort();
        files
    }

    /// Writes all of it into a folder, which must not be there, or be empty.
    ///
    /// # Errors
    ///
    /// In words for people: the folder is not empty, or a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        if let Ok(mut entries) = fs::read_dir(folder) {
            ensure!(entries.next().is_none(), "{} is there and not empty", folder.display());
        } else {
            ensure!(!folder.exists(), "{} is there and no folder", folder.display());
        }
        for (path, text) in self.files() {
            let path = folder.join(path);
            let written =
                fs::create_dir_all(path.parent().unwrap_or(folder)).and_then(|()| fs::write(&path, text));
            written.with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Ok(())
    }

    /// Whether one of its parts is of this lab: 2, 3 or 4.
    fn has_lab(&self, number: char) -> bool {
        self.parts.iter().any(|part| part.name.starts_with(number))
    }

    /// The program, which names what there is.
    fn program(&self) -> String {
        let program = template!("src/main.rs").replace(ALL_PARTS, &self.parts_as_code());
        let (head, body) = program.split_once("fn main()").expect("a program has a beginning");
        let locks = "my_raft::locks::MyLocks";
        let (head, whole) = match (self.has_lab('3'), self.has_lab('4')) {
            (true, false) if !self.has_lab('2') => return program,
            (true, false) => (head, RAFT.to_owned()),
            (_, true) => (head, SERVICE.to_owned()),
            (false, false) => (PLAIN_HEAD, format!("lab::Implementation::of_locks::<{locks}>()")),
        };
        let named = match self.has_lab('2') && (self.has_lab('3') || self.has_lab('4')) {
            true => format!("let on_raft = {whole};\n    let all = on_raft.with_locks::<{locks}>();"),
            false => format!("let all = {whole};"),
        };
        let run = body.replace(RAFT, "all").replace("    lab::", &format!("    {named}\n    lab::"));
        format!("{head}fn main(){run}")
    }

    fn manifest(&self) -> String {
        let line = |line: &str| {
            for (package, path) in
                [("lab", "tests/lab"), ("labrpc", "labrpc"), ("raft-interface", "raft/interface")]
            {
                if line.starts_with(&format!("{package} = {{ path = ")) {
                    return format!("{package} = {{ {} }}\n", self.dependency(path));
                }
            }
            match line {
                // Beside the line with the network, which all shapes have.
                "# kvraft-interface" => match self.has_lab('2') || self.has_lab('4') {
                    true => format!("kvraft-interface = {{ {} }}\n", self.dependency("kvraft/interface")),
                    false => String::new(),
                },
                "name = \"my-raft\"" => format!("name = \"{}\"\n", self.name),
                line => format!("{line}\n"),
            }
        };
        template!("Cargo.toml").lines().map(line).collect()
    }

    /// Where cargo finds a package of the lab, which lies there in a clone.
    fn dependency(&self, path: &str) -> String {
        match &self.source {
            Source::Path(root) => format!("path = {}", quoted(&root.join(path).display().to_string())),
            Source::Git(url, None) => format!("git = {}", quoted(url)),
            Source::Git(url, Some(rev)) => format!("git = {}, rev = {}", quoted(url), quoted(rev)),
        }
    }

    /// `&["3A", "3B"]`.
    fn parts_as_code(&self) -> String {
        let names: Vec<String> = self.parts.iter().map(|part| format!("\"{}\"", part.name)).collect();
        format!("&[{}]", names.join(", "))
    }

    /// The template's tests, as far as they are of these parts.
    fn suites(&self) -> String {
        let is_asked = |line: &&str| match line.strip_prefix("lab::suite_") {
            Some(suite) => {
                self.parts.iter().any(|part| suite.starts_with(&format!("{}!", part.name.to_lowercase())))
            }
            None => true,
        };
        let of_lab2 = "lab::suite_2k!(my_raft::single::Single);\nlab::suite_2l!(my_raft::locks::MyLocks);\n";
        let of_lab4 = ["4a", "4b", "4c"]
            .map(|part| format!("lab::suite_{part}!(my_raft::service::MyService<my_raft::Raft>);\n"));
        let (head, rest) = template!("tests/suites.rs").split_once("\n\n").unwrap_or_default();
        let all = format!("{head}\n\n{of_lab2}{rest}{}", of_lab4.concat());
        all.lines().filter(is_asked).map(|line| format!("{line}\n")).collect()
    }

    fn readme(&self) -> String {
        let parts: Vec<String> = self
            .parts
            .iter()
            .map(|part| {
                format!(
                    "| {} | {} | [docs/{file}](docs/{file}) |\n",
                    part.name,
                    part.title,
                    file = file_of(part)
                )
            })
            .collect();
        let first = self.parts.first().map_or("3A", |part| part.name);
        let what = match (self.has_lab('3'), self.has_lab('4')) {
            (true, true) => "A Raft and a service on it",
            (true, false) => "A Raft",
            (false, true) => "A key/value service on a Raft",
            (false, false) => "A key/value server and locks",
        };
        include_str!("../shapes/README.md")
            .replace("{name}", &self.name)
            .replace("{what}", what)
            .replace("{first}", first)
            // The modules of the suites, by which cargo chooses tests, are in small letters.
            .replace("{suite}", &first.to_lowercase())
            .replace("{parts}\n", &parts.concat())
            .replace("{shape}\n", &self.what_is_there().replace("{first}", first))
    }

    /// What a student finds in `src`.
    fn what_is_there(&self) -> String {
        let shape = match self.shape {
            _ if self.is_solved => include_str!("../shapes/solved.md"),
            _ if !self.has_lab('3') && self.has_lab('4') => include_str!("../shapes/given.md"),
            _ if !self.has_lab('3') => include_str!("../shapes/lab2.md"),
            Shape::Free => include_str!("../shapes/free.md"),
            Shape::Mit => include_str!("../shapes/mit.md"),
            Shape::Guided => include_str!("../shapes/guided.md"),
        };
        let service = match self.has_lab('4') && !self.is_solved {
            true => include_str!("../shapes/lab4.md"),
            false => "",
        };
        format!("{shape}{service}")
    }

    /// The texts of the course that are asked for.
    fn texts(&self) -> Vec<(String, String)> {
        let of_parts = self.parts.iter().map(|part| file_of(part));
        let names: Vec<String> = TEXTS.iter().map(|&name| name.to_owned()).chain(of_parts).collect();
        let is_asked = |name: &str| names.iter().any(|asked| asked == name);
        let asked = lab_course::TEXTS.iter().filter(|(name, _)| is_asked(name));
        asked
            .map(|(name, text)| {
                let text = without_hints(&without_making(text));
                ((*name).to_owned(), without_dead_links(&text, is_asked))
            })
            .collect()
    }
}

/// What the root of a crate says of lab 2.
const LAB2_ROOT: &str = "//! Lab 2: a key/value server on one machine, and locks on it.\n";

/// How the program begins that grades no Raft.
const PLAIN_HEAD: &str = "//! The program behind `cargo lab`.\n\nuse std::process::ExitCode;\n\n";

/// What the template's program grades.
const RAFT: &str = "lab::Implementation::of::<my_raft::Raft>()";

/// The same with lab 4.
const SERVICE: &str = "lab::Implementation::of_service::<my_raft::service::MyService<my_raft::Raft>>()";

/// The list of parts in the template's program.
const ALL_PARTS: &str = r#"&["3A", "3B", "3C", "3D"]"#;

/// The file of a part's text: `3a.md`.
fn file_of(part: &Part) -> String {
    format!("{}.md", part.name.to_lowercase())
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A text without what is only for who has no folder to work in: whoever reads it in a handout is there.
fn without_making(text: &str) -> String {
    let (begin, end) = ("<!-- begin without a folder -->\n", "<!-- end -->\n");
    match text.split_once(begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1))) {
        Some((before, after)) => format!("{before}{}", after.trim_start()),
        None => text.to_owned(),
    }
}

/// A part's text without its hints: whoever reads on would have read them all.
fn without_hints(text: &str) -> String {
    let mut out = String::new();
    let (mut milestone, mut is_hint) = ("", false);
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            milestone = heading.split(' ').next().unwrap_or_default();
        }
        if line.starts_with('#') {
            is_hint = line == "#### Hints";
            if is_hint {
                let _ = writeln!(out, "Hints, one at a time: `cargo lab hint {milestone}`.\n");
            }
        }
        if !is_hint {
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

/// A text of which only some neighbours are there: links to the others are their words alone.
fn without_dead_links(text: &str, is_there: impl Fn(&str) -> bool) -> String {
    // `[3c]: 3c.md` at the end of the text, and `[words][3c]` in it.
    let mut text = text.to_owned();
    for line in text.clone().lines() {
        let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        let Some((name, target)) = definition else { continue };
        if !target.contains("://") && !is_there(target.split('#').next().unwrap_or_default()) {
            text = without_reference(&text.replace(&format!("{line}\n"), ""), name);
        }
    }
    text
}

/// The text with the words of each `[words][name]` in its place.
fn without_reference(text: &str, name: &str) -> String {
    let end = format!("][{name}]");
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(&end) {
        let begin = rest[..at].rfind('[').unwrap_or(at);
        out.extend([&rest[..begin], rest[..at].get(begin + 1..).unwrap_or_default()]);
        rest = &rest[at + end.len()..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_texts_that_are_not_there_become_words() {
        let text = "See [this][a] and [that][b].\n\n[a]: 3a.md\n[b]: 3b.md\n";
        assert_eq!(
            without_dead_links(text, |name| name == "3a.md"),
            "See [this][a] and that.\n\n[a]: 3a.md\n"
        );
    }

    #[test]
    fn handout_does_not_say_how_to_make_one() {
        let making = "new-raft";
        let students = lab_course::TEXTS.iter().find(|(name, _)| *name == "students.md").expect("a text").1;
        assert!(students.contains(making));
        let shown = without_making(students);
        assert!(!shown.contains(making) && !shown.contains("<!--"), "{shown}");
        assert_eq!(students.matches("\n## ").count(), shown.matches("\n## ").count());
    }

    #[test]
    fn hints_are_left_to_the_program() {
        let text =
            "# 3A: x\n### 3A.1 Terms\nDo.\n\n#### Hints\n\n1. Think.\n   Well.\n\n### 3A.2 Votes\nDo.\n";
        let shown = "# 3A: x\n### 3A.1 Terms\nDo.\n\nHints, one at a time: `cargo lab hint 3A.1`.\n\n### 3A.2 Votes\nDo.\n";
        assert_eq!(without_hints(text), shown);
    }

    #[test]
    fn paths_are_strings_of_toml() {
        assert_eq!(quoted(r#"C:\labs\"a""#), r#""C:\\labs\\\"a\"""#);
    }
}
