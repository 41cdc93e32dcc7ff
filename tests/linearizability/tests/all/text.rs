//! Histories as text: what is written is read back, and a line that is wrong is named.

use lab_linearizability::model::{
    Datum, Kv, KvInput, KvOp, KvOutput, Register, RegisterInput, RegisterOp, RegisterOutput, VersionedInput,
    VersionedKv, VersionedOp, VersionedOutput,
};
use lab_linearizability::text::{Format, Model, TextError, Textual, check_text, read_history, write_history};
use lab_linearizability::workload::Workload;
use lab_linearizability::{Budget, History, Verdict};
use proptest::prelude::*;

/// A history with every way to end, one per operation and in turn.
fn history<I: Clone, O: Clone>(operations: &[(I, O)], with_time: bool) -> History<I, O> {
    let mut history = History::new();
    let time = |place: usize| with_time.then_some(place as u64 * 1_000_000);
    for (place, (input, output)) in operations.iter().enumerate() {
        let id = history.invoke(place as u64, time(2 * place), input.clone());
        // Replies are the most frequent, and every other end comes as well: given up, failed, never heard of
        // again.
        match place % 6 {
            3 => history.give_up(id, time(2 * place + 1)),
            4 => history.fail(id, time(2 * place + 1)),
            5 => {}
            _ => history.complete(id, time(2 * place + 1), output.clone()),
        }
    }
    history
}

fn round_trip<P>(specification: &P, operations: &[(P::Input, P::Output)])
where
    P: Textual,
    P::Input: Clone + PartialEq + std::fmt::Debug,
    P::Output: Clone + PartialEq + std::fmt::Debug,
{
    for (format, with_time) in [(Format::JsonLines, true), (Format::Edn, true), (Format::Porcupine, false)] {
        let history = history(operations, with_time);
        let text = write_history(specification, &history, format);
        // A file without operations is no history; the first operation here has a reply.
        if operations.is_empty() {
            assert!(read_history(specification, &text).is_err());
            continue;
        }
        assert_eq!(read_history(specification, &text).as_ref(), Ok(&history), "{text}");
        assert_eq!(Format::detect(&text), format, "{text}");
    }
}

fn kv_operation() -> impl Strategy<Value = (KvInput, KvOutput)> {
    (".*", ".*", 0..3).prop_map(|(key, value, kind)| match kind {
        0 => (KvInput { key, op: KvOp::Get }, KvOutput::Value(value)),
        1 => (KvInput { key, op: KvOp::Put(value) }, KvOutput::Done),
        _ => (KvInput { key, op: KvOp::Append(value) }, KvOutput::Done),
    })
}

fn register_operation() -> impl Strategy<Value = (RegisterInput, RegisterOutput)> {
    let value = || any::<Option<i64>>().prop_map(Datum::from);
    ("[a-z]?", value(), value(), 0..4).prop_map(|(key, value, new, kind)| {
        let (op, output) = match kind {
            0 => (RegisterOp::Read, RegisterOutput::Value(value)),
            1 => (RegisterOp::Write(value), RegisterOutput::Done),
            2 => (RegisterOp::Cas { expected: value, new }, RegisterOutput::Done),
            _ => (RegisterOp::Cas { expected: value, new }, RegisterOutput::Mismatch),
        };
        (RegisterInput { key, op }, output)
    })
}

fn versioned_operation() -> impl Strategy<Value = (VersionedInput, VersionedOutput)> {
    (".*", ".*", 0..u64::from(u32::MAX), 0..6).prop_map(|(key, value, version, kind)| {
        let put = VersionedOp::Put { value: value.clone(), version };
        let (op, output) = match kind {
            0 => (VersionedOp::Get, VersionedOutput::Value { value, version }),
            1 => (VersionedOp::Get, VersionedOutput::ErrNoKey),
            2 => (put, VersionedOutput::Done),
            3 => (put, VersionedOutput::ErrVersion),
            4 => (put, VersionedOutput::ErrNoKey),
            _ => (put, VersionedOutput::Maybe),
        };
        (VersionedInput { key, op }, output)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kv_is_read_as_written(operations in prop::collection::vec(kv_operation(), 0..12)) {
        round_trip(&Kv, &operations);
    }

    #[test]
    fn registers_are_read_as_written(operations in prop::collection::vec(register_operation(), 0..12)) {
        round_trip(&Register::default(), &operations);
    }

    #[test]
    fn versioned_kv_is_read_as_written(operations in prop::collection::vec(versioned_operation(), 0..12)) {
        round_trip(&VersionedKv, &operations);
    }
}

#[test]
fn porcupines_logs_are_read() {
    let log = r#"{:process 9, :type :invoke, :f :append, :key "0", :value "x 9 0 y"}
{:process 9, :type :ok, :f :append, :key "0", :value "x 9 0 y"}
{:process 2, :type :invoke, :f :get, :key "0", :value nil}
{:process 2, :type :ok, :f :get, :key "0", :value "VALUE"}
"#;
    let check =
        |value| check_text(&log.replace("VALUE", value), Model::Kv, Budget::default()).unwrap().verdict;
    assert_eq!(check("x 9 0 y"), Verdict::Ok);
    // The append twice.
    assert_eq!(check("x 9 0 yx 9 0 y"), Verdict::Illegal);
    let read = read_history(&Kv, &log.replace("VALUE", "x 9 0 y")).unwrap();
    // To the letter, since other tools match these lines with patterns.
    assert_eq!(write_history(&Kv, &read, Format::Porcupine), log.replace("VALUE", "x 9 0 y"));
}

/// As Jepsen writes it: in a vector, with a nemesis, fields of its own, tagged records, keys within values.
#[test]
fn jepsens_histories_are_read() {
    let history = r#"
        ; a comment
        [{:index 0, :time 10, :process :nemesis, :type :info, :f :start-partition, :value [:isolated {"n1" #{"n2"}}]}
         #jepsen.history.Op{:index 1, :time 20, :process 0, :type :invoke, :f :write, :value [3 1], :debug {:x 1.5}}
         {:index 2, :time 30, :process 1, :type :invoke, :f :cas, :value [3 [1 2]]}
         {:index 3, :time 40, :process 0, :type :ok, :f :write, :value [3 1]},
         {:index 4, :time 50, :process 1, :type :info, :f :cas, :value [3 [1 2]], :error :timeout}
         {:index 5, :time 60, :process 2, :type :invoke, :f :read, :value [3 nil]}
         {:index 6, :time 70, :process 2, :type :ok, :f :read, :value [3 2]}]"#;
    let result = check_text(history, Model::CasRegister, Budget::default()).unwrap();
    assert_eq!(result.verdict, Verdict::Ok, "{}", result.report);
    let other =
        check_text(&history.replace(":value [3 2]", ":value [3 4]"), Model::CasRegister, Budget::default());
    assert_eq!(other.unwrap().verdict, Verdict::Illegal);
}

#[test]
fn workload_is_judged_the_same_from_text() {
    let history = Workload::new(10, 300, 5).history();
    for format in [Format::JsonLines, Format::Edn, Format::Porcupine] {
        let result = check_text(&write_history(&Kv, &history, format), Model::Kv, Budget::default()).unwrap();
        assert_eq!(result.verdict, Verdict::Ok);
        // The budget gets through, and an undecided file does not exit as a good one.
        let starved =
            check_text(&write_history(&Kv, &history, format), Model::Kv, Budget::of_steps(3)).unwrap();
        assert_eq!((starved.verdict, starved.verdict.exit_code()), (Verdict::Unknown, 2));
    }
}

/// A line that is wrong in a file that is right but for it: model, the line, and what the message must say.
const WRONG: [(Model, &str, &str); 16] = [
    (Model::Kv, r#"{"process":1,"type":"invoke","f":"get""#, "expected a JSON object"),
    (Model::Kv, r#"{"type":"invoke","f":"get","key":"x"}"#, "missing field `process`"),
    (
        Model::Kv,
        r#"{"process":1,"type":"call","f":"get","key":"x"}"#,
        "expected one of `invoke`, `ok`, `fail`, `info`",
    ),
    (
        Model::Kv,
        r#"{"process":[1],"type":"invoke","f":"get","key":"x"}"#,
        "expected process to be a number or a name, found [1]",
    ),
    (
        Model::Kv,
        r#"{"process":1,"type":"invoke","f":"cas","key":"x"}"#,
        "expected f to be get, put, append or delete",
    ),
    (Model::Kv, r#"{"process":1,"type":"invoke","f":"get"}"#, "expected a key"),
    (
        Model::Kv,
        r#"{"process":0,"type":"invoke","f":"get","key":"x"}"#,
        "process 0 calls again while it waits for the get of line 1",
    ),
    (
        Model::Kv,
        r#"{"process":0,"type":"ok","f":"put","key":"x"}"#,
        "expected a reply to the get of line 1, found one to put",
    ),
    (
        Model::Kv,
        r#"{"process":1,"type":"ok","f":"get","key":"x"}"#,
        "expected an invoke of process 1 before this reply",
    ),
    (
        Model::Kv,
        r#"{"index":4,"process":1,"type":"invoke","f":"get","key":"x"}"#,
        "expected an index above 4, found 4",
    ),
    (
        Model::VersionedKv,
        r#"{"process":1,"type":"invoke","f":"put","key":"x","value":"a"}"#,
        "expected the field version, which a put needs",
    ),
    (
        Model::VersionedKv,
        r#"{"process":0,"type":"ok","f":"get","key":"x","value":"a"}"#,
        "expected the field version, which a get returns",
    ),
    (
        Model::VersionedKv,
        r#"{"process":1,"type":"invoke","f":"append","key":"x"}"#,
        "expected f to be get or put, found \"append\"; models that know it: kv",
    ),
    (
        Model::Register,
        r#"{"process":1,"type":"invoke","f":"cas","value":[1,2]}"#,
        "use the model cas-register",
    ),
    (
        Model::CasRegister,
        r#"{"process":1,"type":"invoke","f":"cas","value":1}"#,
        "expected the value of a cas to be [expected, new], found 1",
    ),
    (Model::CasRegister, r#"{"process":1,"type":"invoke","f":"get"}"#, "expected f to be read, write or cas"),
];

#[test]
fn wrong_json_line_is_named() {
    for (model, wrong, message) in WRONG {
        let f = if matches!(model, Model::Kv | Model::VersionedKv) { "get" } else { "read" };
        let right = format!(
            r#"{{"index":4,"time":10,"process":0,"type":"invoke","f":"{f}","key":"x","value":null}}"#
        );
        let contents = format!("{right}\n\n{wrong}\n");
        let error = check_text(&contents, model, Budget::default()).expect_err(wrong);
        // The empty line counts, as in any editor.
        assert_eq!(error.line, 3, "{wrong}");
        assert!(error.to_string().starts_with("line 3: "), "{error}");
        assert!(error.message.contains(message), "{wrong}: {error}");
    }
}

#[test]
fn wrong_edn_form_is_named() {
    let right = "{:process 0, :type :invoke, :f :read, :value nil}";
    let wrongs = [
        (format!("{right}\n{{:process 1, :type"), 2, "expected '}' for the \"{\" of line 2"),
        (format!("{right}\n\n; note\n{{:process 1, :f :read}}"), 4, "missing field `type`"),
        (format!("{right}\n7"), 2, "expected a map with process, type, f and value, found 7"),
        (format!("{right}\n{{:process 1 :type}}"), 2, "expected a value for each key"),
        (format!("[{right}\n"), 2, "expected the end of the list of line 1"),
        (format!("[{right}\n]\n{right}"), 3, "expected nothing after the end"),
        (format!("{right}\n{{:process 1, :value \"a"), 2, "for the string of line 2"),
    ];
    for (contents, line, message) in wrongs {
        let TextError { line: found, message: words } =
            check_text(&contents, Model::Register, Budget::default()).expect_err(&contents);
        assert_eq!(found, line, "{contents}: {words}");
        assert!(words.contains(message), "{contents}: {words}");
    }
}

#[test]
fn models_have_names() {
    for (name, model) in Model::NAMES {
        assert_eq!(name.parse(), Ok(model));
    }
    let error = "stack".parse::<Model>().unwrap_err();
    assert!(
        error.starts_with("there is no model \"stack\"; there are kv, versioned-kv, register"),
        "{error}"
    );
    assert_eq!("fifo-queue".parse(), Ok(Model::Queue));
}
