//! What a server's messages say of the place before the first entry, and so from where on indexes are counted in them.
//!
//! The paper counts entries from 1. Who keeps them in a list without a first entry that nobody sees often counts from 0, and says -1
//! where the log is empty. Both are legal: on the apply channel and in `start` MIT's count holds, and what servers say to each other is
//! their affair. Scripts must speak as the server does, from their first word on. So before the first test a server with an empty log
//! is started once, and left alone until it asks for votes: that request says it.

use labrpc::wire::Value;
use raft_interface::Features;

use super::bench::{Bench, ELECTION_MAX};
use crate::lab::Lab;
use lab_referee::{BeforeFirst, Names, field_at};

/// What a server of the implementation says, in a run of its own; `None` if it does not stand for election, or not by a name that the
/// lab knows.
pub(crate) fn before_first(lab: &Lab) -> Option<BeforeFirst> {
    let bench = Bench::start_among(lab, Features::default(), 3, ("", ""), |bench| {
        bench.0.state.lock().only_listens = true;
    });
    let request = bench.wait_for(ELECTION_MAX, |state| state.first_candidacy.clone())?;
    Some(told(&lab.implementation().names(), &request))
}

/// What a request for a vote says whose sender has an empty log.
fn told(names: &Names, request: &Value) -> BeforeFirst {
    let at = |names: &[&str]| names.iter().find_map(|name| field_at(request, name)).map(Value::as_int);
    let term = match at(&names.last_log_term) {
        Some(Some(-1)) => -1,
        _ => 0,
    };
    match at(&names.last_log_index) {
        // Nothing under such a name: what the field is in may be nothing.
        None => BeforeFirst::PAPER,
        Some(Some(index @ (0 | -1))) => BeforeFirst { index: Some(index as i64), term },
        // Such as an `Option`, where the first entry may be 0 or 1.
        Some(_) => BeforeFirst { index: None, term },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_of_an_empty_log_says_where_counting_begins() {
        let names = Names { last_log_index: vec!["last_log_index", "last.index"], ..Names::default() };
        let int = Value::Int;
        let rows = [
            (int(0), int(0), BeforeFirst::PAPER),
            (int(0), int(-1), BeforeFirst { index: Some(0), term: -1 }),
            (int(-1), int(0), BeforeFirst { index: Some(-1), term: 0 }),
            (int(-1), int(-1), BeforeFirst { index: Some(-1), term: -1 }),
            (int(u64::MAX.into()), int(0), BeforeFirst { index: None, term: 0 }),
            (Value::Nothing, Value::Nothing, BeforeFirst { index: None, term: 0 }),
        ];
        for (index, term, wanted) in rows {
            let request = Value::Struct("", vec![("last_log_index", index), ("last_log_term", term)]);
            assert_eq!(told(&names, &request), wanted, "{request}");
        }
        let request = Value::Struct("", vec![("last", Value::Nothing)]);
        assert_eq!(told(&names, &request), BeforeFirst::PAPER);
    }
}
