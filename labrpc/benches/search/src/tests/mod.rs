//! Tests of this package, by subject.

mod arguments;
mod figures;
mod programs;

use crate::catalogue::{self, Program};
use crate::search::{Search, Series};

/// A program by its name.
fn program(name: &str) -> Program {
    catalogue::all().into_iter().find(|program| program.name == name).expect("a name of the catalogue")
}

/// One series of a program.
fn search(program: Program, policy: &str, cap: u64) -> Search {
    crate::quiet::install_hook();
    let searcher = policy.parse().expect("a policy");
    let series = Series { program, searcher, number: 0, cap, step_cost: None };
    series.run().unwrap_or_else(|sentence| panic!("{sentence}"))
}
