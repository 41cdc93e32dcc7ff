//! Programs whose bug lies in time: for labrpc only, since shuttle has no clock.

use std::sync::Arc;
use std::time::Duration;

use labrpc::channel::{self, select};
use labrpc::thread::sleep;
use labrpc::time::{Instant, sleep_until};

use super::world::{Mutex, Shared, spawn};

/// Name and program, in the order of the table.
pub(crate) const PROGRAMS: &[(&str, fn())] = &[("rate_limiter", rate_limiter), ("timer_race", timer_race)];

/// A timer forgets at the end of each window how many requests there were. A request that reads the count before and
/// writes it after makes it remember.
fn rate_limiter() {
    const WINDOW: Duration = Duration::from_millis(10);
    const WINDOWS: u32 = 4;
    const LIMIT: i64 = 2;
    let used = Shared::new(0);
    let start = Instant::now();
    let timer = spawn({
        let used = Arc::clone(&used);
        move || {
            for window in 1..=WINDOWS {
                sleep_until(start + WINDOW * window);
                used.set(0);
            }
        }
    });
    let client = spawn(move || {
        // Two thirds of a window from one request to the next: at most two fall into one, and every third comes at the very
        // end of one.
        for request in 0..WINDOWS * 3 / 2 {
            sleep_until(start + WINDOW * request * 2 / 3);
            let before = used.get();
            assert!(before < LIMIT, "rate_limiter: a request is refused for those of the last window");
            used.set(before + 1);
        }
    });
    timer.join();
    client.join();
}

/// A call ends with its answer or with its timeout, whichever comes first. Each looks whether the other was there, and
/// then ends the call.
fn timer_race() {
    const TIMEOUT: Duration = Duration::from_millis(10);
    let is_over = Shared::new(0);
    let ends = Arc::new(Mutex::new(0));
    let end = {
        let (is_over, ends) = (Arc::clone(&is_over), Arc::clone(&ends));
        move || {
            if is_over.get() == 0 {
                is_over.set(1);
                *ends.lock() += 1;
            }
        }
    };
    let (answer, answers) = channel::bounded(1);
    let server = spawn(move || {
        sleep(TIMEOUT);
        answer.send(()).is_ok()
    });
    let timeout = spawn({
        let end = end.clone();
        move || {
            sleep(TIMEOUT);
            end();
        }
    });
    select! {
        recv(answers) -> _ => end(),
        recv(channel::after(TIMEOUT * 2)) -> _ => {}
    }
    server.join();
    timeout.join();
    assert_eq!(*ends.lock(), 1, "timer_race: the call has ended twice");
}
