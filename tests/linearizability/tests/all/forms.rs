//! Files as others write them. The small ones are written by hand after Jepsen's, Knossos's and porcupine's.

use lab_linearizability::text::{Model, TextError, check_text};
use lab_linearizability::{Budget, Verdict};

fn judge(model: Model, contents: &str) -> Result<(Verdict, String), TextError> {
    check_text(contents, model, Budget::default()).map(|check| (check.verdict, check.report))
}

#[track_caller]
fn assert_judged(model: Model, contents: &str, verdict: Verdict) -> String {
    let (found, report) = judge(model, contents).unwrap_or_else(|error| panic!("{error}\n{contents}"));
    assert_eq!(found, verdict, "{report}\n{contents}");
    report
}

#[track_caller]
fn assert_refused(model: Model, contents: &str, line: usize, message: &str) {
    let error = judge(model, contents).expect_err(contents);
    assert_eq!(error.line, line, "{error}");
    assert!(error.message.contains(message), "{error}");
}

const NAMES: &str = r#"{"process":"a","type":"invoke","f":"put","key":"k","value":"1"}
{"process":"nemesis","type":"info","f":"start","value":null}
{"process":"a","type":"ok","f":"put","key":"k","value":"1"}
{"process":"b","type":"invoke","f":"get","key":"k"}
{"process":"b","type":"ok","f":"get","key":"k","value":"READ"}
"#;

#[test]
fn clients_may_have_names() {
    let report = assert_judged(Model::Kv, &NAMES.replace("READ", "2"), Verdict::Illegal);
    assert!(report.contains("by b returned"), "{report}");
    let report = assert_judged(Model::Kv, &NAMES.replace("READ", "1"), Verdict::Ok);
    assert!(report.starts_with("ok: 2 operations"), "{report}");
    assert!(report.contains("skipped: 1 event of nemesis\n"), "{report}");
}

#[test]
fn names_and_numbers_are_told_apart() {
    // A client 1 beside one called b, and a nemesis that is -1.
    let mixed = NAMES.replace("\"a\"", "1").replace("\"nemesis\"", "-1");
    let report = assert_judged(Model::Kv, &mixed.replace("READ", "1"), Verdict::Ok);
    assert!(report.contains("skipped: 1 event of -1"), "{report}");
    assert_judged(Model::Kv, &mixed.replace("READ", "2"), Verdict::Illegal);
    // A number in quotes is that number.
    let quoted = "{\"process\":\"1\",\"type\":\"invoke\",\"f\":\"get\",\"key\":\"k\"}\n{\"process\":1,\"type\":\"ok\",\"f\":\"get\",\"key\":\"k\",\"value\":\"\"}";
    assert_judged(Model::Kv, quoted, Verdict::Ok);
}

#[test]
fn nothing_to_judge_is_no_pass() {
    for contents in ["", "\n\n", "[]", "()", "{}", "\u{feff}", "; nothing\n"] {
        assert!(judge(Model::Kv, contents).is_err(), "{contents:?}");
    }
    assert_refused(Model::Kv, "", 1, "there is nothing to judge");
    let nemesis = "{:process :nemesis, :type :info, :f :start, :value nil}\n";
    assert_refused(Model::Register, &nemesis.repeat(2), 2, "found none; skipped: 2 events of nemesis");
    let unanswered =
        "0\t:invoke\t:read\tnil\n0\t:info\t:read\t:timed-out\n1\t:invoke\t:write\t1\n1\t:fail\t:write\t1\n";
    assert_refused(Model::Register, unanswered, 4, "found 2 without one");
}

#[test]
fn order_in_the_file_counts_and_not_the_times() {
    let event = |time, process, kind, f, value: &str| {
        format!("{{:process {process}, :type :{kind}, :f :{f}, :value {value}, :time {time}}}\n")
    };
    let history = |read: &str| {
        [
            event(10, 0, "invoke", "write", "1"),
            event(21, 1, "invoke", "read", "nil"),
            event(20, 2, "invoke", "read", "nil"),
            event(30, 0, "ok", "write", "1"),
            event(31, 1, "ok", "read", "1"),
            event(29, 2, "ok", "read", read),
        ]
        .concat()
    };
    assert_judged(Model::Register, &history("nil"), Verdict::Ok);
    assert_judged(Model::Register, &history("2"), Verdict::Illegal);
}

#[test]
fn lines_of_text_are_read() {
    let tabs = "0\t:invoke\t:write\t1\n0\t:ok\t:write\t1\n:nemesis\t:info\t:start\tnil\n1\t:invoke\t:read\tnil\n1\t:ok\t:read\tREAD\n";
    let knossos = "INFO  jepsen.util - 0\t:invoke\t:write\t1\nINFO  jepsen.core - Starting\nINFO  jepsen.util - 0\t:ok\t:write\t1
INFO  jepsen.util - :nemesis\t:info\t:start\t\"Cut off {:n1 #{:n2}}\"\nINFO  jepsen.util - 2\t:invoke\t:cas\t[3 4]\nINFO  jepsen.util - 2\t:fail\t:cas\t[3 4]
INFO  jepsen.util - 3\t:invoke\t:write\t7\nINFO  jepsen.util - 3\t:info\t:write\t:timed-out
INFO  jepsen.util - 1\t:invoke\t:read\tnil\nINFO  jepsen.util - 1\t:ok\t:read\tREAD\n";
    let jepsen = "2016-03-02 11:42:07,219{GMT}\tINFO\t[jepsen worker 0] jepsen.util: 0\t:invoke\t:write\t1
2016-03-02 11:42:07,300{GMT}\tWARN\t[main] jepsen.core: Test crashed!\njava.lang.RuntimeException: no: it did not {
\tat clojure.lang.Thing (Thing.java:1)
2016-03-02 11:42:07,319{GMT}\tINFO\t[jepsen worker 0] jepsen.util: 0\t:ok\t:write\t1
INFO [2017-01-02 10:00:00,001] jepsen worker 1 - jepsen.util 1\t:invoke\t:read\tnil
INFO [2017-01-02 10:00:00,002] jepsen worker 1 - jepsen.util 1\t:ok\t:read\tREAD\n";
    let bracket = "[11:42:07] 0 :invoke :write 1\n[11:42:08] 0 :ok :write 1\n[11:42:08] 1 :invoke :read nil\n[11:42:09] 1 :ok :read READ\n";
    let plain = "0 invoke write 1\r\n0 ok write 1\r\n\r\n1 invoke read\r\n1 ok read READ\r\n";
    for contents in [tabs, knossos, jepsen, bracket, plain] {
        assert_judged(Model::CasRegister, &contents.replace("READ", "1"), Verdict::Ok);
        assert_judged(Model::CasRegister, &contents.replace("READ", "2"), Verdict::Illegal);
    }
    let report = assert_judged(Model::CasRegister, &knossos.replace("READ", "7"), Verdict::Ok);
    assert!(report.contains("skipped: 1 event of nemesis, 1 line without an event"), "{report}");
}

#[test]
fn broken_lines_of_text_are_named() {
    let start = "0\t:invoke\t:write\t1\n";
    assert_refused(Model::Register, &format!("{start}0\tdone\twrite\t1\n"), 2, "expected an event");
    assert_refused(Model::Register, &format!("{start}0\t:ok\t:write\t[1\n"), 2, "expected a value in EDN");
    assert_refused(Model::Register, "hello\nworld\n", 1, "expected an event");
    // Why it failed may be anything.
    let failed =
        format!("{start}0\t:fail\t:write\t[1 connection (refused\n1 :invoke :read nil\n1 :ok :read nil\n");
    assert_judged(Model::Register, &failed, Verdict::Ok);
}

#[test]
fn json_may_be_an_array_and_printed_prettily() {
    let objects: Vec<String> = NAMES.lines().map(str::to_string).collect();
    let pretty =
        |object: &String| object.replace(",\"", ",\n    \"").replace('{', "{\n    ").replace('}', "\n}");
    let pretty: Vec<String> = objects.iter().map(pretty).collect();
    for contents in [
        format!("[{}]", objects.join(",")),
        format!("\u{feff}[\n  {}\n]\n", objects.join(",\n  ")),
        format!("[\n{}\n]\r\n", pretty.join(",\n")),
        pretty.join("\n"),
        objects.join(" "),
        NAMES.replace('\n', "\r\n"),
        // As tools that make JSON of EDN leave it.
        NAMES.replace("\"type\":\"", "\":type\":\":").replace("\"f\":\"", "\":f\":\":"),
    ] {
        assert_judged(Model::Kv, &contents.replace("READ", "1"), Verdict::Ok);
        assert_judged(Model::Kv, &contents.replace("READ", "2"), Verdict::Illegal);
    }
    // In EDN such a number is kept to the last digit.
    let long = NAMES.replace("\"1\"", "123456789012345678901234567890");
    assert_refused(Model::Kv, &long, 1, "of at most 64 bits");
    let cut = format!("[{}", objects.join(",\n"));
    assert_refused(Model::Kv, &cut, 5, "is it cut off?");
    assert_refused(Model::Kv, &format!("[\n{},\n{{\n\"process\" 1}}]", objects[0]), 4, "expected `:`");
}

#[test]
fn edn_is_read_with_all_that_it_has() {
    let history = "#jepsen.history.DenseHistory [ ; all of it
        {:process 0 :type :invoke :f :write :value 12N} #_ {:ignored #_ [] 1}
        ^{:meta 1} {:process 0N, :type :ok, :f :write, :value 12, :char \\a, :ratio 1/2, :inf ##Inf, :date #inst \"2020-01-01\"}
        {:process 1, :type :invoke, :f :read, :value nil, :text \"\\\"}]\\u0041\\n\", :sym a/b}
        {:process 1, :type :ok, :f :read, :value READ}]\n";
    assert_judged(Model::Register, &history.replace("READ", "12"), Verdict::Ok);
    assert_judged(Model::Register, &history.replace("READ", "13"), Verdict::Illegal);
}

#[test]
fn deep_nesting_is_an_error() {
    let deep =
        |open: &str| format!("{{:process 0, :type :invoke, :f :write, :value {}", open.repeat(100_000));
    for open in ["[", "(", "{", "#{", "#a ", "#_ ", "^", "'", "{:a "] {
        assert_refused(Model::Register, &deep(open), 1, "deep in each other");
    }
    assert_refused(Model::Register, &"[".repeat(100_000), 1, "deep in each other");
    let json =
        format!("{{\"process\":0,\"type\":\"invoke\",\"f\":\"write\",\"value\":{}", "[".repeat(100_000));
    assert_refused(Model::Register, &json, 1, "recursion limit");
    let text = format!("0 :invoke :write {}", "[".repeat(100_000));
    assert_refused(Model::Register, &text, 1, "deep in each other");
}

#[test]
fn numbers_are_values_of_a_kv_too() {
    let history = |read: &str| {
        format!(
            "{{:process 0, :type :invoke, :f :put, :key \"x\", :value 1}}\n{{:process 0, :type :ok, :f :put, :key \"x\", :value 1}}
             {{:process 0, :type :invoke, :f :get, :key \"x\", :value nil}}\n{{:process 0, :type :ok, :f :get, :key \"x\", :value {read}}}"
        )
    };
    assert_judged(Model::Kv, &history("1"), Verdict::Ok);
    assert_judged(Model::Kv, &history("2"), Verdict::Illegal);
    assert_judged(Model::Kv, &history(":one").replace("value 1", "value :one"), Verdict::Ok);
}

#[test]
fn wrong_model_is_told() {
    assert_refused(Model::Kv, "0 :invoke :acquire nil\n", 1, "models that know it: mutex");
    assert_refused(Model::Kv, "0 :invoke :read nil\n", 1, "try --model register");
    assert_refused(Model::Queue, "0 :invoke :drain nil\n", 1, "one dequeue for each value");
}
