//! How far the grading of one program is, for whoever waits for it.

use std::time::Duration;

use lab_suites::grade::grading::Row;
use labrpc::printable;

/// So long nothing is told. What takes less needs no words.
const SILENCE: Duration = Duration::from_secs(10);

/// What has been told.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// When, since it began.
    told: Duration,
}

impl Progress {
    /// What there is to tell now, so long after it began; `None` if something was told a moment ago.
    pub(crate) fn news(&mut self, now: Duration, student: &str, rows: &[Option<Row>]) -> Option<String> {
        if now < self.told + SILENCE {
            return None;
        }
        self.told = now;
        let whose = if student.is_empty() { String::new() } else { format!("{}: ", printable(student)) };
        let over = rows.iter().flatten().count();
        let failed = rows.iter().flatten().filter(|row| row.failure().is_some()).count();
        let failed = if failed == 0 { String::new() } else { format!(", {failed} failed") };
        Some(format!("{whose}{over} of {} tests are over{failed}", rows.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_now_and_then_and_not_of_what_is_quick() {
        let mut progress = Progress::default();
        let mut at = |seconds| progress.news(Duration::from_secs(seconds), "ann", &[None, None]);
        assert_eq!(at(9), None);
        assert_eq!(at(15).as_deref(), Some("ann: 0 of 2 tests are over"));
        assert_eq!(at(24), None);
        assert!(at(25).is_some() && at(25).is_none());
        let alone = Progress::default().news(SILENCE, "", &[None]);
        assert_eq!(alone.as_deref(), Some("0 of 1 tests are over"));
    }
}
