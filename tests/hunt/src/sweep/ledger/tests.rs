use super::*;
use crate::FailedRun;
use crate::target::FailureKind;
use crate::workers::Cost;
use lab_runs::TestInfo;

fn entry(seed: u64) -> Entry {
    let failed = (seed == 2).then(|| FailedRun::new(seed, FailureKind::Segfault, "segmentation fault"));
    let text = |text: &str| text.to_owned();
    Entry {
        test: text("a_3a"),
        policy: text("random"),
        world: text("simulated"),
        seed,
        cost: Cost { wall_us: 7, cpu_us: 5 },
        skipped: None,
        failed,
    }
}

fn key(name: &str) -> Key {
    Key { name: name.to_owned(), words: format!("{name}\n") }
}

fn all() -> SeedSet {
    SeedSet::from(vec![(0, u64::MAX)])
}

fn open_with(root: &Path, name: &str, earlier: Earlier, seeds: &SeedSet) -> (Ledger, Row) {
    let mut rows = [Row::new(TestInfo { name: "a_3a", group: "3A", about: "" }, "random")];
    let ledger = Ledger::open(root, &key(name), earlier, ("simulated", seeds), &mut rows).unwrap();
    let [row] = rows;
    (ledger, row)
}

fn open(root: &Path, name: &str) -> (Ledger, Vec<(u64, u64)>) {
    let (ledger, row) = open_with(root, name, Earlier::Counts, &all());
    (ledger, row.seeds().into())
}

fn keep(ledger: &mut Ledger, seeds: impl IntoIterator<Item = u64>) {
    for seed in seeds {
        ledger.add(&entry(seed)).unwrap();
    }
    ledger.flush().unwrap();
}

fn names(root: &Path) -> Vec<String> {
    let paths = files::files(&root.join("build")).unwrap();
    paths.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn runs_are_found_again_under_the_same_key_only() {
    let root = tempfile::tempdir().unwrap();
    let (mut ledger, found) = open(root.path(), "build");
    assert!(found.is_empty());
    keep(&mut ledger, 1..=3);
    drop(ledger);
    for _ in 0..2 {
        let (_, row) = open_with(root.path(), "build", Earlier::Counts, &all());
        assert_eq!((Vec::from(row.seeds()), row.failures[0].seed), (vec![(1, 3)], 2));
        assert_eq!((row.cost, row.group), (Cost { wall_us: 21, cpu_us: 15 }, "3A".to_owned()));
    }
    assert!(open(root.path(), "another").1.is_empty());
    // Only what is asked for is taken over, and only that is forgotten.
    let some = SeedSet::from(vec![(2, 9)]);
    let (_, row) = open_with(root.path(), "build", Earlier::Counts, &some);
    assert_eq!((Vec::from(row.seeds()), row.cost.wall_us), (vec![(2, 3)], 14));
    let (_, row) = open_with(root.path(), "build", Earlier::IsForgotten, &some);
    assert!(row.seeds().is_empty());
    assert_eq!(open(root.path(), "build").1, [(1, 1)]);
}

#[test]
fn sweeps_at_the_same_time_have_a_file_each_and_read_all() {
    let root = tempfile::tempdir().unwrap();
    let (mut first, _) = open(root.path(), "build");
    keep(&mut first, [1]);
    let (mut second, found) = open(root.path(), "build");
    assert_eq!(found, [(1, 1)]);
    keep(&mut second, [2]);
    keep(&mut first, [3]);
    assert_eq!(names(root.path()), ["0001.jsonl", "0002.jsonl"]);
    // A third puts nothing together that somebody writes to.
    let (third, found) = open(root.path(), "build");
    assert_eq!((found, names(root.path()).len()), (vec![(1, 3)], 3));
    drop((first, third));
    let (fourth, found) = open(root.path(), "build");
    assert_eq!(
        (found, names(root.path())),
        (vec![(1, 3)], vec!["0001.jsonl".to_owned(), "0002.jsonl".to_owned()])
    );
    drop((second, fourth));
    assert_eq!(open(root.path(), "build").1, [(1, 3)]);
    assert_eq!(names(root.path()), ["0001.jsonl"]);
}

#[test]
fn line_that_was_cut_off_costs_one_run_and_no_more() {
    let root = tempfile::tempdir().unwrap();
    let (mut ledger, _) = open(root.path(), "build");
    keep(&mut ledger, [1, 2]);
    drop(ledger);
    let path = root.path().join("build/0001.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 5]).unwrap();
    let (mut ledger, found) = open(root.path(), "build");
    assert_eq!((found, ledger.unreadable), (vec![(1, 1)], 1));
    let damaged = fs::read_to_string(root.path().join("build/damaged.txt")).unwrap();
    assert!(text.contains(damaged.trim_end()) && damaged.len() > 20, "{damaged}");
    keep(&mut ledger, [2]);
    drop(ledger);
    let (ledger, found) = open(root.path(), "build");
    assert_eq!((found, ledger.unreadable), (vec![(1, 2)], 0));
}

#[test]
fn file_that_another_sweep_writes_to_is_read_up_to_its_last_whole_line() {
    let root = tempfile::tempdir().unwrap();
    let (mut first, _) = open(root.path(), "build");
    keep(&mut first, [1]);
    first.file.get_mut().write_all(b"{\"test\":\"a_3a\",").unwrap();
    let (second, found) = open(root.path(), "build");
    assert_eq!((found, second.unreadable), (vec![(1, 1)], 0));
}

#[test]
fn gaps_between_seeds_are_kept_and_their_number_has_no_end() {
    let root = tempfile::tempdir().unwrap();
    let (mut ledger, _) = open(root.path(), "build");
    // More ranges than stand in one line.
    keep(&mut ledger, (0..50_000).map(|number| 2 * number + 11));
    drop(ledger);
    for _ in 0..2 {
        let (ledger, row) = open_with(root.path(), "build", Earlier::Counts, &all());
        assert_eq!((row.runs(), row.cost.wall_us, ledger.unreadable), (50_000, 350_000, 0));
    }
    assert!(fs::read_to_string(root.path().join("build/0001.jsonl")).unwrap().lines().count() > 2);
}

#[test]
fn failures_are_kept_one_by_one_and_their_number_has_no_end() {
    let root = tempfile::tempdir().unwrap();
    let (mut ledger, _) = open(root.path(), "build");
    for seed in 1..=2_500 {
        let failed = Some(FailedRun::new(seed, FailureKind::Panic, "index out of bounds"));
        ledger.add(&Entry { failed, ..entry(seed) }).unwrap();
    }
    ledger.flush().unwrap();
    drop(ledger);
    let (_, before) = open_with(root.path(), "build", Earlier::Counts, &all());
    let (_, after) = open_with(root.path(), "build", Earlier::Counts, &all());
    assert_eq!((before.failed(), before.cost.wall_us), (2_500, 17_500));
    assert_eq!(before, after);
}

/// A million seeds of all 185 tests were 21 GB of lines. With a million, this test prints: a line for each run: 90888926 bytes; at
/// most while it ran: 16744826; put together: 1029. With fewer it takes less time. Some seeds are missing, and
/// a few fail.
#[test]
fn very_many_seeds_take_no_more_room_than_a_few() {
    const SEEDS: u64 = 250_000;
    let root = tempfile::tempdir().unwrap();
    let (mut ledger, _) = open(root.path(), "build");
    let path = root.path().join("build/0001.jsonl");
    let (mut written, mut longest) = (0, 0);
    for seed in (1..=SEEDS).filter(|seed| seed % 140_000 != 0) {
        let failed =
            (seed % 100_000 == 0).then(|| FailedRun::new(seed, FailureKind::Rule, "two leaders in term 3"));
        let entry = Entry { failed, ..entry(seed) };
        written += serde_json::to_vec(&entry).unwrap().len() + 1;
        ledger.add(&entry).unwrap();
        if seed % 1_000 == 0 {
            ledger.flush().unwrap();
            longest = longest.max(fs::metadata(&path).unwrap().len());
        }
    }
    ledger.flush().unwrap();
    drop(ledger);
    let (_, row) = open_with(root.path(), "build", Earlier::Counts, &all());
    let runs = SEEDS - SEEDS / 140_000;
    assert_eq!((row.seeds().len(), row.cost.wall_us), (runs, 7 * runs));
    let left = fs::metadata(&path).unwrap().len();
    println!("a line for each run: {written} bytes; at most while it ran: {longest}; put together: {left}");
    assert!(written > 20_000_000 && longest < 20_000_000 && left < 2_000, "{written} {longest} {left}");
}
