"""Grades a Raft in Classroom 50: copy this file, with a rubric.toml beside it, to CLASSROOM/autograders/ASSIGNMENT/.

The assignment's runtime must have Rust, and its release files lead students to what failed:

    "runtime": { "rust": "1.95" },
    "release_assets": ["lab-page.html", "lab-report.txt", "lab-grade.csv"]

It runs in the student's repository, where nothing is hidden from the student: use public seeds there (hidden = 0), and grade with
hidden ones yourself, with `cargo lab grade-class`. A folder `handout` beside this file is what students were given; without one
it is the lab's template. Scores are in hundredths of a point, since they must be whole numbers there.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Where the lab is, and which version of it: change both.
LAB = os.environ.get("LAB_REPOSITORY", "https://github.com/OWNER/raft-lab")
REVISION = os.environ.get("LAB_REVISION", "main")

HERE = Path(__file__).resolve().parent
CHECKOUT = Path.cwd()
WORK = Path(os.environ.get("RUNNER_TEMP", "/tmp")) / "lab-grading"


def run(*command, **options):
    """Runs a command and stops if it fails: then it is the grader that is broken, and not the student's work."""
    print("+", *command, flush=True)
    subprocess.run([str(word) for word in command], check=True, **options)


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    lab, handout, submissions, out = (WORK / name for name in ("lab", "handout", "submissions", "out"))
    WORK.mkdir(parents=True)
    run("git", "clone", "--quiet", LAB, lab)
    run("git", "-C", lab, "checkout", "--quiet", REVISION)
    if (HERE / "handout").is_dir():
        shutil.copytree(HERE / "handout", handout)
    else:
        run(lab / "scripts" / "new-raft", handout)
    ignore = shutil.ignore_patterns("target", ".git")
    shutil.copytree(CHECKOUT, submissions / "submission", symlinks=True, ignore=ignore)
    # From the lab's own folder: what the student's checkout has in .cargo is not for this build.
    run("cargo", "build", "--locked", "--bin", "lab-grading", cwd=lab / "tests" / "grading")
    target = Path(os.environ.get("CARGO_TARGET_DIR", lab / "target"))
    # What it thinks of the submission is in its files. As in GitHub's own machines, nobody is root here.
    subprocess.run(
        [target / "debug" / "lab-grading", "grade-class", submissions, "--rubric", HERE / "rubric.toml",
         "--handout", handout, "--out", out, "--same-user", "--classroom50", CHECKOUT / "result.json"],
        cwd=WORK, check=False)
    grade = out / "students" / "submission"
    for name, asset in (("page.html", "lab-page.html"), ("report.txt", "lab-report.txt"), ("grade.csv", "lab-grade.csv")):
        if (grade / name).is_file():
            shutil.copyfile(grade / name, CHECKOUT / asset)
    if not (CHECKOUT / "result.json").is_file():
        print("::error::lab-grading has left no result.json", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
