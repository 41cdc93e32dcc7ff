//! `cargo lab list`: all tests.

use anyhow::Result;
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use lab_runs::println;

use super::names;
use crate::program::Verdict;
use lab_harness::case::Origin;

/// Shows all tests, with their points.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Parts or tests; all if none is given
    names: Vec<String>,
}

impl List {
    pub(super) fn run(&self) -> Result<Verdict> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["part", "test", "points", "MIT", "what is graded"]);
        for case in names::select(&self.names)? {
            let mit = match case.origin {
                Origin::Mit { name, .. } => name,
                Origin::Lab => "",
            };
            table.add_row([
                case.part.to_string(),
                case.name.to_owned(),
                case.points.to_string(),
                mit.to_owned(),
                case.about.to_owned(),
            ]);
        }
        if let Some(points) = table.column_mut(2) {
            points.set_cell_alignment(CellAlignment::Right);
        }
        println!("{table}");
        Ok(Verdict::Ok)
    }
}
