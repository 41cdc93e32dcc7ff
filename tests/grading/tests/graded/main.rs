//! The program that grades with a rubric, from outside. This executable is the tests; as a worker it is the program that is graded,
//! with the [implementation](submissions) that the name of its file says: workers have a bare environment.

mod classes;
mod folder;
mod rubrics;
mod submissions;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(lab::hunt::workers::COMMAND) {
        return submissions::main();
    }
    let mut arguments = Arguments::from_args();
    // Each keeps all processors busy.
    arguments.test_threads.get_or_insert(1);
    let trials = rubrics::trials().into_iter().chain(classes::trials()).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A test.
fn trial(name: &str, body: fn()) -> Trial {
    Trial::test(name, move || {
        body();
        Ok(())
    })
}
