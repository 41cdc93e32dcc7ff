//! All submissions, graded from outside: this executable is the test, and with a variable of the environment it is the program
//! that grades the submission of that name.

mod grading;
mod judgement;
mod leftovers;

use std::process::ExitCode;

use hostile::{Submission, Submitted, VARIABLE};
use libtest_mimic::{Arguments, Failed, Trial};

/// How many submissions are graded at a time, unless the command line says so.
const TEST_THREADS: usize = 4;

fn main() -> ExitCode {
    if std::env::var_os(VARIABLE).is_some() {
        return lab::main(lab::Implementation::of::<Submitted>());
    }
    if cfg!(not(target_os = "linux")) {
        return ExitCode::SUCCESS; // What is done here to a process, and seen of it, is Linux's.
    }
    leftovers::adopt();
    let trials = hostile::submissions().into_iter().map(trial).collect();
    let mut arguments = Arguments::from_args();
    // Submissions that hang are waited for, and leave the processors to others.
    arguments.test_threads.get_or_insert(TEST_THREADS);
    let code = libtest_mimic::run(&arguments, trials).exit_code();
    let left = leftovers::children();
    if left.is_empty() {
        return code;
    }
    eprintln!("submissions have left processes behind: {left:?}");
    ExitCode::FAILURE
}

/// Its name is that of the submission, behind its kind.
fn trial(submission: Submission) -> Trial {
    Trial::test(judgement::name(&submission), move || {
        let graded = grading::grade(&submission);
        let wrong = judgement::judge(&submission, &graded);
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(Failed::from(judgement::told(&submission, &graded, &wrong)))
        }
    })
}
