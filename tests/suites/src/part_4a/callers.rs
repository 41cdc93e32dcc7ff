//! Callers of the counter: who submits, who waits, and what they must be told.

use std::time::Duration;

use lab_harness::Violation;
use lab_harness::kv::{KvCluster, wait_for};
use lab_harness::lab::Lab;
use labrpc::sync::Arc;
use labrpc::thread;
use raft_interface::ServerId;

/// How long servers may take to agree once all is well.
pub(super) const CATCH_UP: Duration = Duration::from_secs(5);
/// How long after a caller's fate is sealed it may still wait, as a caller of [`KvCluster::add_somewhere`] may: services give up by
/// a timeout of their own, which in etcd is seven seconds.
pub(super) const TOLD_WITHIN: Duration = Duration::from_secs(10);
/// MIT's `maxraftstate`.
pub(super) const RAFT_STATE_BYTES_MAX: usize = 1000;

/// Adds to the counter, which has reached `sum`, and expects the new sum as the result.
#[track_caller]
pub(super) fn expect_adds(lab: &Lab, cluster: &KvCluster, sum: &mut i64, delta: i64) {
    let added = cluster.add_somewhere(delta);
    let least = *sum + delta;
    // A leader that was deposed has told its caller nothing, and its successor may have committed the command all the same. What
    // of that is not in the log before the entry of this result can never be committed: its log lacks this entry.
    let most = least + added.unsure * delta;
    lab.expect((least..=most).contains(&added.sum), || {
        let wanted = match added.unsure {
            0 => least.to_string(),
            unsure => format!("{least} to {most}: {unsure} calls before this one may have been executed, unknown to the caller"),
        };
        Violation::new("a command returned a wrong result", wanted, added.sum.to_string())
            .rule("the result of a command is that of its own entry, applied in the order of the log")
            .hint("a waiter that is given the result of another entry, or an entry that is applied twice")
    });
    *sum = added.sum;
}

/// Submits from many threads at once. Returns how many were executed, as far as their callers know.
pub(super) fn add_at_once(
    cluster: &KvCluster,
    server: ServerId,
    count: usize,
    delta: i64,
) -> Vec<thread::JoinHandle<Option<i64>>> {
    let Some(service) = cluster.service(server) else { return Vec::new() };
    let submit = |_| {
        let service = Arc::clone(&service);
        thread::spawn(move || service.add(delta))
    };
    (0..count).map(submit).collect()
}

/// Waits for all, and fails if that takes longer than `patience`.
pub(super) fn all_results(
    lab: &Lab,
    threads: Vec<thread::JoinHandle<Option<i64>>>,
    patience: Duration,
    when: &str,
) -> Vec<Option<i64>> {
    let end = lab.now() + patience;
    while threads.iter().any(|thread| !thread.is_finished()) {
        let waiting = threads.iter().filter(|thread| !thread.is_finished()).count();
        lab.expect(lab.now() < end, || {
            Violation::new(
                format!("{waiting} callers still wait {patience:?} after {when}"),
                "every caller is told what became of its command",
                format!("{} of {} have returned", threads.len() - waiting, threads.len()),
            )
            .rule("a waiter is released when its entry can no longer commit, and when the server is stopped")
            .hint("nobody looks whether the term has moved on, or kill forgets who waits")
        });
        lab.sleep_ms(20);
    }
    threads.into_iter().map(wait_for).collect()
}

/// What is wrong with the results of callers that have each added 1 to a counter that was 0, under a leader that stays.
pub(super) fn not_each_once(results: &[Option<i64>]) -> Option<Violation> {
    let mut told: Vec<i64> = results.iter().copied().flatten().collect();
    told.sort_unstable();
    let (expected, seen) = (format!("each of 1 to {} once", results.len()), format!("{told:?}"));
    if told.windows(2).any(|pair| pair[0] == pair[1])
        || !told.iter().all(|&result| (1..=results.len() as i64).contains(&result))
    {
        let violation = Violation::new("callers were given each other's results", expected, seen);
        return Some(violation.rule("a waiter is matched by the index and the term of its entry"));
    }
    // Who was told something was told his own.
    let nothing = results.len() - told.len();
    (nothing > 0).then(|| {
        Violation::new(format!("{nothing} callers were told nothing under a leader that stays"), expected, seen)
            .rule("a waiter is told as soon as its entry is applied or can no longer commit")
            .hint("who waits is noted after the command was started, when it may be applied already; or a wait that ends too soon")
    })
}

pub(super) fn expect_none_executed(lab: &Lab, results: &[Option<i64>], leader: ServerId) {
    let executed: Vec<i64> = results.iter().copied().flatten().collect();
    lab.expect(executed.is_empty(), || {
        Violation::new(
            "a deposed leader answered its callers",
            "no result: their commands were overwritten",
            format!("results {executed:?}"),
        )
        .rule("a waiter is matched by the index and the term of its entry")
        .hint("the waiter is given whatever commits at its index")
        .servers([leader])
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_told_nothing_was_not_told_what_is_anothers() {
        let headline = |results: &[Option<i64>]| not_each_once(results).map(|violation| violation.headline);
        assert_eq!(headline(&[Some(2), Some(1), Some(3)]), None);
        assert!(
            headline(&[Some(2), None, Some(3)])
                .is_some_and(|text| text.starts_with("1 callers were told nothing"))
        );
        assert!(headline(&[Some(2), Some(2), None]).is_some_and(|text| text.contains("each other's")));
        assert!(headline(&[Some(2), Some(1), Some(4)]).is_some_and(|text| text.contains("each other's")));
    }
}
