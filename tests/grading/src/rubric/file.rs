//! A rubric as it is written: the fields of the file, with their places for whoever has to mend one.

use serde::Deserialize;
use toml::{Spanned, Value};

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) assignment: Spanned<String>,
    pub(super) policy: Option<Spanned<String>>,
    pub(super) visibility: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) leaderboard: bool,
    #[serde(default)]
    pub(super) allow_unsafe: bool,
    #[serde(default)]
    pub(super) seeds: Seeds,
    #[serde(default)]
    pub(super) budget: Budget,
    #[serde(default)]
    pub(super) late: Late,
    #[serde(default)]
    pub(super) part: Vec<Part>,
    #[serde(default)]
    pub(super) test: Vec<Test>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seeds {
    pub(super) public: Option<Spanned<u64>>,
    pub(super) hidden: Option<Spanned<u64>>,
    pub(super) schedule: Option<Spanned<String>>,
    pub(super) show: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Budget {
    pub(super) time: Option<Spanned<String>>,
    pub(super) test: Option<Spanned<String>>,
    pub(super) run: Option<Spanned<String>>,
    pub(super) memory: Option<Spanned<String>>,
    pub(super) build: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Late {
    pub(super) lost_per_day: Option<Spanned<u64>>,
    pub(super) days: Option<u64>,
    pub(super) grace: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub(super) name: Spanned<String>,
    pub(super) points: Option<Spanned<f64>>,
    pub(super) deadline: Option<Spanned<Value>>,
    pub(super) policy: Option<Spanned<String>>,
    pub(super) visibility: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    pub(super) name: Spanned<String>,
    pub(super) weight: Option<Spanned<u64>>,
    pub(super) policy: Option<Spanned<String>>,
    pub(super) visibility: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) skip: bool,
}
