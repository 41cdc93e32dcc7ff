//! Sweeps, from outside: this executable is the tests, and with a variable of the environment it is the program that they
//! run, with an [implementation](bad) that does everything wrong that a process can do.

mod bad;
mod crashes;
mod outputs;
mod outside;
mod program;
mod resume;
mod shards;
mod usage;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if program::is_asked_for() {
        return lab::main(lab::Implementation::of::<bad::Bad>());
    }
    let trials = [
        crashes::trials(),
        outputs::trials(),
        outside::trials(),
        resume::trials(),
        shards::trials(),
        usage::trials(),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials.into_iter().flatten().collect()).exit_code()
}

/// A test.
fn trial(name: &str, body: fn()) -> Trial {
    Trial::test(name, move || {
        body();
        Ok(())
    })
}
