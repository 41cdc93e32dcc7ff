//! What grading trusts: what the grader is safe from, what it is not, and how to grade a whole class.
//!
//! # How it works
//!
//! `grade`, `sweep` and the tests of cargo run the code under test in *worker processes*. A worker is the same executable; it
//! is given one run after the other, and says what came of each. The process that counts the points runs no code of the Raft.
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
//! | uses too much memory (2 GiB of the worker's own; on Linux), does not end (2 min of real time), or does not give way (10 s) | it is killed, and the run has failed |
//! | writes to descriptors that it did not open, whatever it writes | no answer; if it destroys the answers of the harness by that, the run has failed |
//! | closes them | the run has failed |
//! | prints, also without end | it is shown on standard error, up to a limit; never on standard output |
//! | starts processes | those in the worker's group end with it. Of `grade` and `sweep` on Linux, also those that leave the group |
//! | changes the environment, the current directory, signal handlers, limits | in the worker only; the next worker begins as the first |
//! | appends to the files under `target/lab` | `grade` does not read them. A `sweep` goes on from its ledger there: grade with `grade` |
//! | reaches for the harness: crashes other nodes, starts threads on the tester's | the run has failed, and says who reached for whom |
//!
//! A signal from outside (SIGKILL, SIGTERM, SIGINT and the like), a worker that is stopped for too long: none of it need be the
//! code's doing. The run is made again, three times in all; if its worker is ended each time, the test is *interrupted*: it gives
//! no points, as a failure does, and if nothing else has failed the exit code is 2. Code that kills or stops itself so gains
//! nothing by it.
//!
//! `exhaust`, `replay` and tests with `labrpc::check` run the code in their own process. There, too, `std::process::exit` in a simulated
//! thread is a failure, with exit code 1 and a sentence that names the thread, the run and the place (on Unix).
//!
//! # What is not
//!
//! - In `exhaust` and tests with `labrpc::check`: the end of the process in ways of which nobody is told (`_exit`, `exec`), or by a thread
//!   of the system that the code has started. What aborts ends with a signal, and that is no exit code 0.
//! - **The program itself.** It is built from the folder that was handed in: `src/main.rs`, `Cargo.toml`, `.cargo/config.toml`,
//!   `build.rs`. Whoever writes these can print any table. Take `src/lib.rs` alone, and put it into a folder of yours (below).
//! - The build. A build script and a procedural macro run when cargo compiles, with all rights of whoever types the command.
//! - Code that reads or changes the memory of its own process: by `unsafe`, or on Linux by way of `/proc/self/mem`, for which safe
//!   code is enough. It can find the key and say what it wants. Rust has no wall within a process.
//! - Other processes of the same user. The code under test can kill the grader (there is no table then, and no exit code 0),
//!   write to the file into which the table goes, write over the executable, and use the network of the machine.
//! - A Raft whose messages cannot be read, in full. Tests that need to read them are skipped: they give no points, and the sum is of fewer,
//!   unless another test of the part has failed: then what was not judged counts as not passed. Look at the sum, and not at "all passed"
//!   alone. Of such messages one thing is judged: that they were sent. What is applied, a majority must have heard of by messages since
//!   the command was given. Servers that agree by memory which they share, and send each other noise, fail so. Those that share memory and
//!   wait for as many messages as a Raft needs are not seen: nobody can tell what is in these.
//! - A Raft that knows the test by its seed and its traffic. Grade with seeds that nobody knows: `--seed 0x5eed`.
//!
//! # A class's submissions
//!
//! Make one folder for grading, and bring one submission after the other into it, the file with the Raft alone:
//!
//! ```sh
//! scripts/new-raft ../grading
//! for submission in ../handed-in/*; do
//!     cp "$submission/src/lib.rs" ../grading/src/lib.rs
//!     (cd ../grading && cargo build --quiet && target/debug/lab grade --seed 0x5eed >"$submission/result.txt"
//!         echo "$submission: exit code $?")
//! done
//! ```
//!
//! 0 is all passed, 1 something failed, 2 it could not be told. The line with the points stands in `result.txt`, and it begins with
//! the number of points. Standard error is where submissions print.
//!
//! What runs there should not be able to harm you. As another user, who may write nowhere but in a folder of his own. The program
//! itself runs as root, so it must be yours, as above; the target directory must be one that this user can reach:
//!
//! ```sh
//! sudo target/debug/lab grade --as-user nobody
//! ```
//!
//! With limits of the system, without network, and with everything gone afterwards:
//!
//! ```sh
//! systemd-run --wait --pipe --collect -p DynamicUser=yes -p PrivateNetwork=yes -p ProtectHome=read-only \
//!     -p RuntimeDirectory=lab -p MemoryMax=8G -p TasksMax=512 -p RuntimeMaxSec=1h --working-directory="$PWD" \
//!     -E CARGO_TARGET_DIR=/run/lab target/debug/lab grade
//! ```
//!
//! In a container, into which the built program is mounted. Its C library must be no older than the one of the machine that built it:
//!
//! ```sh
//! timeout 1h docker run --rm --network none --memory 8g --pids-limit 512 --cpus 2 --user 65534:65534 --read-only \
//!     --tmpfs /out:size=1g,mode=1777 -e CARGO_TARGET_DIR=/out \
//!     -v "$PWD/target/debug/lab:/lab:ro" debian:stable-slim /lab grade
//! ```
