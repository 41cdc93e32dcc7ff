//! Files that somebody has cut off, edited or made up: the reader answers in words, in time.

use lab_fuzzing::fuzz;
use lab_linearizability::Budget;
use lab_linearizability::text::{Model, check_text};

/// Histories of all forms and models, with everything in them that a reader knows.
const EXAMPLES: [&str; 12] = [
    include_str!("reports/stale_read.edn"),
    include_str!("reports/denied_effect.edn"),
    include_str!("reports/value_from_nowhere.edn"),
    r#"{"index":0,"time":5020000000,"process":3,"type":"invoke","f":"get","key":"x","value":null}
{"index":1,"time":5020000001,"process":"a","type":"invoke","f":"append","key":"x","value":"1 \u00e9\n"}
{"process":3,"type":"ok","f":"get","key":"x","value":"1"}
{"process":"a","type":"info","f":"append","key":"x","value":"1","error":"timeout"}
"#,
    r#"[{"process":0,"type":"invoke","f":"put","key":"k","value":"1","version":0},
{"process":0,"type":"fail","f":"put","key":"k","value":"1","version":0,"error":"ErrVersion"},
{"process":1,"type":"invoke","f":"get","key":"k"},{"process":1,"type":"ok","f":"get","key":"k","value":"","version":0}]"#,
    "[{:process 0, :type :invoke, :f :cas, :key nil, :value [1 2]} #_ignored ; a comment\n{:process 0 :type :fail :f :cas :error :mismatch}]",
    "{:process 0, :type :invoke, :f :txn, :value [[:r x nil] [:w \"y\" 2.5]]}\n{:process 0, :type :ok, :f :txn, :value [[:r x 1] [:w \"y\" 2.5]]}\n",
    "INFO  jepsen.util - 3\t:invoke\t:write\t[5 1]\nINFO  jepsen.util - 3\t:ok\t:write\t[5 1]\nnoise\nINFO  jepsen.util - :nemesis\t:info\t:start\tnil\n",
    "0 :invoke :add 1\n0 :ok :add 1\n1 :invoke :read nil\n1 :ok :read #{1 2 (3 -4)}\n1 :invoke :remove 1\n",
    "0 :invoke :enqueue 1\n0 :ok :enqueue 1\n1 :invoke :dequeue nil\n1 :ok :dequeue 1\n2 :invoke :dequeue\n2 :fail :dequeue :empty\n",
    "0 :invoke :acquire nil\n0 :ok :acquire nil\n1 :invoke :acquire nil\n0 :invoke :release nil\n0 :ok :release\n1 :info :acquire :timeout\n",
    "2014-11-06 22:06:18,901 GMT INFO  [1] jepsen.util - 0 :invoke :cas [2 4]\n2014-11-06 22:06:18,902 GMT INFO [1] jepsen.util - 0 :ok :cas [2 4]\n",
];

#[test]
fn reader_of_histories_survives_fuzzing() {
    let examples: Vec<Vec<u8>> = EXAMPLES.iter().map(|example| example.as_bytes().to_vec()).collect();
    let budget = Budget { steps_max: 2_000, bytes_max: 4 << 20 };
    let mut models = Model::NAMES.iter().cycle();
    fuzz("histories", &examples, |input| {
        // Bytes that are no text are refused before the reader sees them.
        let text = String::from_utf8_lossy(input);
        for (_, model) in models.by_ref().take(3) {
            // Refused or judged: all that counts is that it answers.
            let _ = check_text(&text, *model, budget);
        }
    });
}
