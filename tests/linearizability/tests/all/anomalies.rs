//! Of what kind a fault is: for each kind a history that proves it, and one that is nearly the same and does not.

use lab_linearizability::model::{
    Kv, KvInput, KvOp, KvOutput, VersionedInput, VersionedKv, VersionedOp, VersionedOutput,
};
use lab_linearizability::workload::{Fault, Workload};
use lab_linearizability::{
    Anomaly, Budget, History, Kind, OperationId, Specification, Verdict, check, classify,
};

/// A history of one key. Every method is an operation from its call to its reply, unless it is named otherwise.
struct Story<I, O>(History<I, O>);

type Classic = Story<KvInput, KvOutput>;
type Versioned = Story<VersionedInput, VersionedOutput>;

impl<I: Clone, O: Clone> Story<I, O> {
    fn new() -> Self {
        Self(History::new())
    }

    fn all(mut self, client: u64, input: I, output: O) -> Self {
        let id = self.0.invoke(client, None, input);
        self.0.complete(id, None, output);
        self
    }

    /// Calls an operation that is never answered.
    fn pending(mut self, client: u64, input: I) -> Self {
        self.0.invoke(client, None, input);
        self
    }

    fn answer(mut self, id: OperationId, output: O) -> Self {
        self.0.complete(id, None, output);
        self
    }

    #[track_caller]
    fn found_by<P: Specification<Input = I, Output = O>>(&self, model: &P) -> Option<Anomaly> {
        let judged = check(model, &self.0, Budget::default());
        assert_eq!(judged.verdict(), Verdict::Illegal);
        classify(model, &self.0, &judged)
    }
}

fn op(op: KvOp) -> KvInput {
    KvInput { key: "x".to_owned(), op }
}

impl Classic {
    fn put(self, client: u64, value: &str) -> Self {
        self.all(client, op(KvOp::Put(value.to_owned())), KvOutput::Done)
    }

    fn append(self, client: u64, tail: &str) -> Self {
        self.all(client, op(KvOp::Append(tail.to_owned())), KvOutput::Done)
    }

    fn get(self, client: u64, value: &str) -> Self {
        self.all(client, op(KvOp::Get), KvOutput::Value(value.to_owned()))
    }

    #[track_caller]
    fn is(self, kind: Kind, operation: OperationId) {
        let found = self.found_by(&Kv).expect("it is proved");
        assert_eq!((found.kind, found.operation), (kind, operation), "{found:?}");
    }

    #[track_caller]
    fn is_of_no_kind(&self) {
        assert_eq!(self.found_by(&Kv), None);
    }

    #[track_caller]
    fn is_legal(&self) {
        assert_eq!(check(&Kv, &self.0, Budget::default()).verdict(), Verdict::Ok);
    }
}

fn classic() -> Classic {
    Story::new()
}

#[test]
fn stale_read_misses_a_write_that_others_see() {
    classic().append(1, "a").append(1, "b").get(2, "a").get(3, "ab").is(Kind::StaleRead, 2);
    classic().append(1, "a").append(1, "b").get(3, "ab").get(2, "a").is(Kind::StaleRead, 3);
    classic().put(1, "a").put(1, "b").get(2, "a").get(3, "b").is(Kind::StaleRead, 2);
    // Nobody has been told that the write is done; but somebody has seen it.
    let seen = classic().append(1, "a").pending(1, op(KvOp::Append("b".to_owned())));
    seen.get(3, "ab").get(2, "a").is(Kind::StaleRead, 3);
    // The write overlaps the read.
    let pending = classic().append(1, "a").pending(1, op(KvOp::Append("b".to_owned())));
    pending.get(2, "a").get(3, "ab").is_legal();
}

#[test]
fn read_without_an_acknowledged_write_alone_is_of_no_certain_kind() {
    classic().append(1, "a").append(1, "b").get(2, "a").is(Kind::MissingWrite, 2);
    // The last put may have taken effect again.
    classic().put(1, "a").append(1, "b").get(2, "ab").get(2, "a").is(Kind::MissingWrite, 3);
    classic().put(1, "a").append(1, "b").append(1, "c").get(2, "ac").is(Kind::MissingWrite, 3);
    classic().put(1, "a").put(1, "b").get(2, "a").is(Kind::MissingWrite, 2);
}

#[test]
fn lost_update_is_missing_where_later_writes_are() {
    classic().append(1, "a").append(1, "b").append(1, "c").get(2, "ac").is(Kind::LostUpdate, 1);
    classic().put(1, "p").append(1, "a").append(1, "b").append(1, "c").get(2, "pac").is(Kind::LostUpdate, 2);
    // The first read might be stale. What is read later tells.
    classic().append(1, "a").append(1, "b").get(2, "a").append(1, "c").get(2, "ac").is(Kind::LostUpdate, 1);
    classic().append(1, "a").append(1, "b").get(2, "a").append(1, "c").get(2, "abc").is(Kind::StaleRead, 2);
    // It was seen, and then it was gone.
    classic().append(1, "a").get(2, "a").append(1, "b").get(2, "b").is(Kind::LostUpdate, 0);
    // Overwritten is not lost.
    classic().append(1, "a").put(1, "p").append(1, "c").get(2, "pc").is_legal();
    // The later one need not be later: the two overlap.
    let overlap = classic().pending(1, op(KvOp::Append("b".to_owned()))).append(2, "c");
    overlap.answer(0, KvOutput::Done).get(2, "c").is(Kind::MissingWrite, 2);
}

#[test]
fn double_apply_shows_a_text_twice() {
    classic().append(1, "a ").append(1, "b ").append(1, "c ").get(2, "a b a c ").is(Kind::DoubleApply, 0);
    classic().pending(1, op(KvOp::Append("a ".to_owned()))).get(2, "a a ").is(Kind::DoubleApply, 0);
    // A text that ends like another is not that other.
    classic().append(1, "1.1 ").append(1, "11.1 ").get(2, "1.1 11.1 ").is_legal();
    // Two have appended it.
    classic().append(1, "a").append(1, "a").get(2, "aa").is_legal();
    // Three times is once too often, and nobody knows of which.
    classic().append(1, "a").append(1, "a").get(2, "aaa").is_of_no_kind();
}

#[test]
fn value_from_nowhere_is_made_of_no_writes() {
    classic().append(1, "a").get(2, "b").is(Kind::ValueFromNowhere, 1);
    // It is written after it was read.
    classic().append(1, "a").get(2, "ab").append(1, "b").is(Kind::ValueFromNowhere, 1);
    // It was written by one who knows that it failed.
    let mut failed = classic().pending(1, op(KvOp::Append("a".to_owned())));
    failed.0.fail(0, None);
    failed.get(2, "a").is(Kind::ValueFromNowhere, 1);
    // The order is wrong, but all of it was written.
    classic().append(1, "a").append(1, "b").get(2, "ba").is_of_no_kind();
}

/// A fault that was planted is called by its name, or by none; and mostly it is.
#[test]
fn planted_faults_are_called_by_their_names() {
    let faults = [
        (Fault::StaleRead, Kind::StaleRead),
        (Fault::LostUpdate, Kind::LostUpdate),
        (Fault::DoubleApply, Kind::DoubleApply),
        (Fault::DirtyRead, Kind::ValueFromNowhere),
    ];
    for (fault, kind) in faults {
        let mut named = 0;
        for seed in 0..40 {
            let history = Workload { fault: Some(fault), ..Workload::new(5, 300, seed) }.history();
            let judged = check(&Kv, &history, Budget::default());
            assert_eq!(judged.verdict(), Verdict::Illegal);
            match classify(&Kv, &history, &judged) {
                Some(found) if found.kind == kind => named += 1,
                Some(found) => {
                    assert_eq!(found.kind, Kind::MissingWrite, "{fault:?}, seed {seed}: {found:?}")
                }
                None => {}
            }
        }
        assert!(named >= 30, "{fault:?} was named {named} times");
    }
}

fn versioned_op(op: VersionedOp) -> VersionedInput {
    VersionedInput { key: "v".to_owned(), op }
}

fn put_at(version: u64, value: &str) -> VersionedInput {
    versioned_op(VersionedOp::Put { value: value.to_owned(), version })
}

impl Versioned {
    fn put(self, client: u64, version: u64, value: &str) -> Self {
        self.all(client, put_at(version, value), VersionedOutput::Done)
    }

    fn refused(self, client: u64, version: u64, value: &str) -> Self {
        self.all(client, put_at(version, value), VersionedOutput::ErrVersion)
    }

    fn get(self, client: u64, version: u64, value: &str) -> Self {
        let output = VersionedOutput::Value { value: value.to_owned(), version };
        self.all(client, versioned_op(VersionedOp::Get), output)
    }

    #[track_caller]
    fn is(self, kind: Kind, operation: OperationId) {
        let found = self.found_by(&VersionedKv).expect("it is proved");
        assert_eq!((found.kind, found.operation), (kind, operation), "{found:?}");
    }

    #[track_caller]
    fn is_legal(&self) {
        assert_eq!(check(&VersionedKv, &self.0, Budget::default()).verdict(), Verdict::Ok);
    }
}

fn versioned() -> Versioned {
    Story::new()
}

#[test]
fn version_that_is_replaced_twice_is_a_double_apply() {
    versioned().put(1, 0, "a").put(2, 0, "b").is(Kind::DoubleApply, 1);
    // Nobody was told of success, but both were seen.
    let both = versioned().pending(1, put_at(0, "a")).pending(2, put_at(0, "b"));
    both.get(3, 1, "a").get(3, 1, "b").is(Kind::DoubleApply, 1);
    versioned().put(1, 0, "a").refused(2, 0, "b").put(2, 1, "b").is_legal();
}

#[test]
fn put_whose_version_another_made_is_lost() {
    versioned().pending(2, put_at(0, "b")).put(1, 0, "a").get(3, 1, "b").is(Kind::LostUpdate, 1);
    versioned().put(1, 0, "a").put(2, 1, "b").get(3, 2, "b").is_legal();
}

#[test]
fn version_that_was_replaced_is_read_stale() {
    versioned().put(1, 0, "a").put(1, 1, "b").get(2, 1, "a").get(3, 2, "b").is(Kind::StaleRead, 2);
    versioned().put(1, 0, "a").put(1, 1, "b").get(3, 2, "b").get(2, 1, "a").is(Kind::StaleRead, 3);
    let seen = versioned().put(1, 0, "a").pending(1, put_at(1, "b"));
    seen.get(3, 2, "b").get(2, 1, "a").is(Kind::StaleRead, 3);
    versioned().put(1, 0, "a").put(1, 1, "b").get(2, 1, "a").is(Kind::MissingWrite, 2);
    versioned().put(1, 0, "a").pending(1, put_at(1, "b")).get(2, 1, "a").get(3, 2, "b").is_legal();
}

#[test]
fn version_that_cannot_be_is_wrong() {
    // Never made: of a key that was never written, over a gap, or by another put.
    versioned().put(1, 3, "a").is(Kind::WrongVersion, 0);
    versioned().put(1, 0, "a").put(1, 2, "b").is(Kind::WrongVersion, 1);
    versioned().put(1, 0, "a").get(2, 2, "a").is(Kind::WrongVersion, 1);
    // Over by then.
    let replaced = versioned().pending(2, put_at(0, "a")).get(1, 1, "a").put(1, 1, "b");
    replaced.answer(0, VersionedOutput::Done).put(3, 0, "c").is(Kind::DoubleApply, 3);
    let seen = versioned().pending(2, put_at(0, "a")).get(1, 1, "a").put(3, 0, "c");
    seen.is(Kind::WrongVersion, 2);
    // Refused, though nobody else could have replaced it.
    versioned().put(1, 0, "a").refused(1, 1, "b").is(Kind::WrongVersion, 1);
    versioned().refused(1, 0, "a").is(Kind::WrongVersion, 0);
    versioned().put(1, 0, "a").pending(2, put_at(1, "c")).refused(1, 1, "b").is_legal();
    // Missing, though it was there.
    let gone = versioned().put(1, 0, "a").all(1, put_at(1, "b"), VersionedOutput::ErrNoKey);
    gone.is(Kind::WrongVersion, 1);
    // Not of a put that may still come.
    versioned().pending(1, put_at(0, "a")).put(2, 1, "b").is_legal();
}

#[test]
fn versioned_value_from_nowhere_was_never_put() {
    versioned().put(1, 0, "a").get(2, 1, "b").is(Kind::ValueFromNowhere, 1);
    versioned().put(1, 0, "a").get(2, 2, "b").put(1, 1, "b").is(Kind::ValueFromNowhere, 1);
}
