//! All files of a handout.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use lab_course::Part;

use crate::lock;
use crate::shapes::{self, Shape};
use crate::texts::{without_dead_links, without_hints, without_making};

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
    /// A repository.
    Git {
        /// Its address, as cargo writes it.
        url: String,
        /// All digits of one of its commits.
        commit: String,
    },
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
            ("Cargo.lock".into(), lock::text(&self.name, self.has_services(), &self.source)),
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
        files.extend(sources.into_iter().map(|(name, text)| match name {
            "lib.rs" => (below_src(name), with_modules(&text, &declared)),
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

    /// Whether a part of it needs the interfaces of key/value services.
    fn has_services(&self) -> bool {
        self.has_lab('2') || self.has_lab('4')
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
                "# kvraft-interface" => match self.has_services() {
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
            Source::Git { url, commit } => format!("git = {}, rev = {}", quoted(url), quoted(commit)),
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
            .replace("{asked}\n", &self.what_is_asked())
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
        // Before the Raft, as it comes first.
        let single = match self.has_lab('2') && (self.has_lab('3') || self.has_lab('4')) && !self.is_solved {
            true => concat!("Lab 2, with which you begin. ", include_str!("../shapes/lab2.md"), "\n"),
            false => "",
        };
        format!("{single}{shape}{service}")
    }

    /// Where it says what exactly is asked: a row for each page.
    fn what_is_asked(&self) -> String {
        let row = |of: &str, page: &str| {
            format!(
                "| what exactly is asked{of}, with all numbers | `cargo doc --open --no-deps -p {page} |\n"
            )
        };
        let mut rows = String::new();
        if self.has_lab('2') {
            rows += &row(" of a server, a clerk and locks", "kvraft-interface`, `SingleKv` and `Locks`");
        }
        if self.has_lab('3') {
            rows += &row(" of a Raft", "raft-interface`, module `contract`");
        }
        if self.has_lab('4') {
            rows += &row(" of a service", "kvraft-interface`, `KeyValue` and `AnyService`");
        }
        rows
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

/// The root of a crate with modules for labs of their own: declared, and named on its first page.
fn with_modules(root: &str, modules: &[&str]) -> String {
    if modules.is_empty() {
        return root.to_owned();
    }
    let is_doc = |line: &&str| line.starts_with("//!");
    let mut page: String = root.lines().take_while(is_doc).map(|line| format!("{line}\n")).collect();
    page += "//!\n//! In folders of their own:\n//!\n//! | folder | what |\n//! |---|---|\n";
    for (module, what) in [
        ("single", "part 2K: a key/value server on one machine, and its clerk. Begin with it"),
        ("locks", "part 2L: locks on that server"),
        ("service", "parts 4A to 4C: a key/value service on the Raft"),
    ] {
        if modules.contains(&module) {
            let _ = writeln!(page, "//! | `{module}` | {what} |");
        }
    }
    let code: String = root.lines().skip_while(is_doc).map(|line| format!("{line}\n")).collect();
    let declared: String = modules.iter().map(|module| format!("pub mod {module};\n")).collect();
    format!("{page}{code}\n{declared}")
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The first pages of a workspace for these parts: its README, and that of the crate.
    fn first_pages(parts: &[&str]) -> [String; 2] {
        let parts = parts.iter().map(|name| lab_course::part(name).expect("a part")).collect();
        let source = Source::Path(PathBuf::from("/the/lab"));
        let (name, shape, given) = ("my-raft".to_owned(), Shape::Guided, Vec::new());
        let files = Handout { name, parts, shape, source, given, is_solved: false }.files();
        let text_of =
            |path: &str| files.iter().find(|(file, _)| file == Path::new(path)).expect(path).1.clone();
        ["README.md", "src/lib.rs"].map(text_of)
    }

    /// Whoever has lab 2 begins there, with or without a Raft.
    #[test]
    fn first_pages_name_what_is_there() {
        let (lab2, raft) = (["`src/single`", "`src/locks`", "-p kvraft-interface`"], "-p raft-interface`");
        let [readme, page] = first_pages(&["2K", "2L", "3A"]);
        assert!(lab2.iter().all(|words| readme.contains(words)) && readme.contains(raft), "{readme}");
        let (single, of_raft) = (readme.find("`src/single`"), readme.find("`src/raft.rs`"));
        assert!(single < of_raft, "lab 2 comes first: {readme}");
        assert!(
            ["| `single` |", "| `locks` |", "| `election` |"].iter().all(|row| page.contains(row)),
            "{page}"
        );
        let [readme, page] = first_pages(&["2K", "2L"]);
        assert!(lab2.iter().all(|words| readme.contains(words)) && !readme.contains(raft), "{readme}");
        assert!(
            page.contains("| `single` |") && page.ends_with("pub mod locks;\npub mod single;\n"),
            "{page}"
        );
        let [readme, page] = first_pages(&["3A"]);
        assert!(
            readme.contains(raft) && !readme.contains("src/single") && !page.contains("`single`"),
            "{readme}"
        );
    }

    #[test]
    fn paths_are_strings_of_toml() {
        assert_eq!(quoted(r#"C:\labs\"a""#), r#""C:\\labs\\\"a\"""#);
    }
}
