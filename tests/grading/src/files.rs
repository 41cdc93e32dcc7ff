//! The folder of a grade: all files that it is told by. Each is there whole or not at all, whenever somebody looks.
//!
//! | file | for whom |
//! |---|---|
//! | `grade.json` | the teacher, and nobody else can read it: everything, with the hidden seeds; `--repeat` makes it again |
//! | those of [`formats`] | graders |
//! | `report.txt`, `page.html` | the student: what there is to read about the first failure, and the page that shows it |
//! | `pages/TEST.html` | the pages of all tests that failed |

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use lab_runs::artifacts::{write_file, write_text};
use lab_runs::input;

use crate::formats::{self, Telling, classroom50};
use crate::moment::Moment;
use crate::record::Grade;

/// A page that is longer is none of ours.
const PAGE_MAX: u64 = 32 << 20;

/// Where some files are wanted besides.
#[derive(Clone, Debug, Default)]
pub struct Extra {
    /// Gradescope's `results.json`.
    pub gradescope: Option<PathBuf>,
    /// Classroom 50's `result.json`.
    pub classroom50: Option<PathBuf>,
    /// Who and what its runner says that this is.
    pub context: Option<classroom50::Context>,
}

/// The folder of a grade.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    extra: Extra,
    telling: Telling,
    /// The page of which `page.html` is a copy.
    first_page: Option<String>,
}

impl Folder {
    pub(crate) fn new(path: &Path, extra: Extra, telling: Telling) -> io::Result<Self> {
        for folder in ["gradescope", "exercism", "pages"] {
            fs::create_dir_all(path.join(folder))?;
        }
        // Of an earlier grade.
        for name in ["page.html", "report.txt"] {
            remove(&path.join(name))?;
        }
        for page in fs::read_dir(path.join("pages"))? {
            remove(&page?.path())?;
        }
        if extra.context.is_some() {
            fs::create_dir_all(path.join("classroom50"))?;
        }
        Ok(Self { path: path.to_path_buf(), extra, telling, first_page: None })
    }

    /// Keeps the page of a run that a worker has left; its name below the folder, if there is one.
    pub(crate) fn keep_run(&self, left: &Path, test: &str, seed: u64) -> Option<String> {
        if !self.telling.is_seed_shown {
            return None; // the page tells it
        }
        let page = left.join(test).join(format!("{seed:#x}")).join("timeline.html");
        // Code under test may have put anything there: a pipe, a link to a secret, a file without an end.
        if !fs::symlink_metadata(&page).ok()?.is_file() {
            return None;
        }
        let mut content = Vec::new();
        input::open_own(&page).ok()?.take(PAGE_MAX).read_to_end(&mut content).ok()?;
        let name = format!("pages/{test}.html");
        write_file(&self.path.join(&name), |out| io::Write::write_all(out, &content)).ok()?;
        Some(name)
    }

    /// Writes all files.
    pub(crate) fn write(&mut self, grade: &Grade, has_leaderboard: bool) -> io::Result<()> {
        let folder = self.path.clone();
        let path = |name: &str| folder.join(name);
        // First what graders wait for.
        let gradescope = formats::gradescope::text(grade, &self.telling, has_leaderboard);
        write_text(&path("gradescope/results.json"), &gradescope)?;
        if let Some(path) = &self.extra.gradescope {
            write_text(path, &gradescope)?;
        }
        if let Some(context) = &self.extra.context {
            let text = formats::classroom50::text(grade, &self.telling, context, now());
            write_text(&path("classroom50/result.json"), &text)?;
            if let Some(path) = &self.extra.classroom50 {
                write_text(path, &text)?;
            }
        }
        write_text(&path("exercism/results.json"), &formats::exercism::text(grade, &self.telling))?;
        let junit = formats::junit::text(grade, &self.telling)?;
        write_file(&path("junit.xml"), |out| io::Write::write_all(out, &junit))?;
        write_text(&path("grade.csv"), &formats::csv::text(grade, &self.telling))?;
        self.write_first_failure(grade)?;
        // Last: with it, all is there.
        write_closed(&path("grade.json"), &(serde_json::to_string_pretty(grade)? + "\n"))
    }

    fn write_first_failure(&mut self, grade: &Grade) -> io::Result<()> {
        let mut text = self.telling.summary(grade) + &formats::skipped(grade);
        let first = grade.tests.iter().find(|test| test.failure.is_some());
        if let Some(test) = first {
            text += &format!("\nthe first failure:\n\n{}", self.telling.of(test));
        }
        write_text(&self.path.join("report.txt"), &text)?;
        // The first in the rubric's order, which need not be the first that was run.
        let page = first.and_then(|test| test.failure.as_ref()?.page.clone());
        if let Some(page) = page.filter(|page| self.first_page.as_ref() != Some(page)) {
            let content = fs::read(self.path.join(&page))?;
            write_file(&self.path.join("page.html"), |out| io::Write::write_all(out, &content))?;
            self.first_page = Some(page);
        }
        Ok(())
    }
}

/// What time it is: for the one format that cannot do without, when nobody has said when it was handed in.
#[allow(clippy::disallowed_methods, reason = "nothing is decided by it")]
fn now() -> Moment {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Moment::from_unix(since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0)))
}

/// Writes a text that nobody else may read: it has the hidden seeds, and is there while code under test runs as another user.
fn write_closed(path: &Path, text: &str) -> io::Result<()> {
    // A file of `tempfile` is the owner's alone.
    let mut file = tempfile::NamedTempFile::new_in(path.parent().ok_or(io::ErrorKind::IsADirectory)?)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
