//! What grading trusts: what the grader is safe from, what it is not, and how to grade a whole class.
//!
//! # How it works
//!
//! `grade`, `sweep` and the tests of cargo run the code under test in *worker processes*. A worker is the same executable; it
//! is given one run after the other, and says what came of each. The process that counts the points runs no code under test.
//!
//! Code under test lives in the worker together with the harness. So the harness seals what it says: with each answer goes a
//! code that depends on a key, on the text and on the number of the answer. The key is made anew for each worker and told to it
//! before any code under test runs. What is not sealed is no answer.
//!
//! # What is defended against
//!
//! | the code under test | what happens |
//! |---|---|
//! | ends the process, with whatever exit code, wherever (in `make`, in a panic hook, in a destructor) | the run has failed: "the code under test ended the process" |
//! | aborts, overflows a stack, touches memory that is not its own | the run has failed; one test, not the table |
//! | uses too much memory, never ends, stops itself | it is killed: 2 GiB, 2 min of real time, 10 s without giving way |
//! | writes to descriptors that it did not open, whatever it writes | no answer; if it destroys the answers of the harness by that, the run has failed |
//! | closes them | the run has failed |
//! | prints, also without end | it is shown on standard error, up to a limit; never on standard output |
//! | starts processes | they end with the worker. On Linux also those that leave its group |
//! | changes the environment, the current directory, signal handlers, limits | in the worker only; the next worker begins as the first |
//! | appends to the files under `target/lab` | `grade` does not read them. A `sweep` goes on from its ledger there: grade with `grade` |
//!
//! A signal from outside, a worker that is stopped and goes on, a machine that sleeps: none of it is the student's failure. The
//! run is made again, three times; if its worker is ended from outside each time, the test is *interrupted*, gives no
//! points, and the exit code is 2.
//!
//! # What is not
//!
//! - Native code that searches the memory of its own process for the key, or changes the harness there: it can say what it
//!   wants. Rust has no wall within a process. `#![forbid(unsafe_code)]` in the submission and a look at its dependencies
//!   and build scripts close the door in practice.
//! - The build. A build script and a procedural macro run when cargo compiles, with all rights of whoever types the command.
//! - Other processes of the same user. The code under test can kill the grader (there is no table then, and no exit code 0),
//!   write over the executable, read the tests, and use the network of the machine.
//! - A Raft that knows the test by its seed and traffic. What it does must still look like Raft on the wire.
//!
//! # A class's submissions
//!
//! Build and run each submission where it can harm nothing. As another user, who has no right to write anywhere but in a folder
//! of his own (needs root, and a target directory that this user can reach):
//!
//! ```sh
//! cargo build --bin lab && sudo target/debug/lab grade --as-user nobody
//! ```
//!
//! With limits of the system, without network, and with everything gone afterwards:
//!
//! ```sh
//! systemd-run --wait --pipe --collect -p DynamicUser=yes -p PrivateNetwork=yes -p ProtectHome=read-only \\
//!     -p MemoryMax=4G -p TasksMax=512 -p RuntimeMaxSec=15min --working-directory="$PWD" \\
//!     -E CARGO_TARGET_DIR=/tmp/lab target/debug/lab grade
//! ```
//!
//! In a container. The image holds the built program; nothing of the machine is in it:
//!
//! ```sh
//! docker run --rm --network none --memory 4g --pids-limit 512 --cpus 2 --user 65534:65534 --read-only \\
//!     --tmpfs /tmp:size=1g -e CARGO_TARGET_DIR=/tmp/lab \\
//!     -v "$PWD/target/debug/lab:/lab:ro" debian:bookworm-slim /lab grade
//! ```
//!
//! Take the verdict from the exit code and the last line of standard output. Standard error is where submissions print.
