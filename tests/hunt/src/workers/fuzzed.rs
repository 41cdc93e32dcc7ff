//! The readers of what programs and workers say to each other, as the fuzzing tests call them, with examples.

use super::protocol::{Answer, Cost, Job, Task};
use super::seal::{Key, Seal};
use crate::FailedRun;
use crate::shrink::Signature;
use crate::target::{FailureKind, RunEnd, RunFacts, RunFailure};

/// Answers of workers, and a job.
pub(crate) fn answers() -> Vec<Vec<u8>> {
    let cost = Cost { wall_us: 17, cpu_us: 16 };
    let failure = RunFailure {
        kind: FailureKind::Panic,
        headline: "index 7 out of bounds".to_owned(),
        signature: Signature::of_rule("no panic"),
        report: Some("a report".to_owned()),
    };
    let ended = |end| Answer::Ended {
        number: 1,
        cost,
        end,
        facts: RunFacts { calls: 64, line: "Passed".to_owned(), ..RunFacts::default() },
        is_tainted: false,
        is_report_coming: true,
    };
    let answers = [
        Answer::Ready,
        Answer::Started { number: 1 },
        ended(RunEnd::Passed),
        ended(RunEnd::Skipped("other names".to_owned())),
        ended(RunEnd::Failed(failure)),
        Answer::Reported { number: 1, report: Some("a report".to_owned()) },
    ];
    let job = Job::new(0, "figure8_3c", "pct:3".to_owned(), "simulated".to_owned(), 9, Task::RunAndReport);
    let job = serde_json::to_vec(&job);
    answers.iter().map(serde_json::to_vec).chain([job]).collect::<Result<_, _>>().expect("JSON")
}

/// Reads an answer, or a job; and what nobody has sealed is none.
pub(crate) fn answer(input: &[u8]) {
    if let Ok(answer) = serde_json::from_slice::<Answer>(input) {
        let _ = answer.number();
        if let Answer::Ended { end: RunEnd::Failed(failure), .. } = answer {
            let _ = FailedRun::new(1, failure.kind, &failure.headline).cause();
        }
    }
    let _ = serde_json::from_slice::<Job>(input);
    let key = Key::from_text("00112233445566778899aabbccddeeff").expect("a key");
    assert_eq!(Seal::new(key).open(input), None);
}
