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
//! - **The program itself**, if you run `cargo lab grade` in the folder that was handed in: it is built from its `src/main.rs`,
//!   `Cargo.toml`, `.cargo/config.toml` and `build.rs`, and whoever writes these can print any table. `grade-class` takes the
//!   sources of the Raft alone (below), and counts the points in a program that has none of them in it.
//! - The build. A build script and a procedural macro run when cargo compiles, with all rights of whoever types the command.
//!   `grade-class` takes none of them from a submission.
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
//! Each submission is a folder, or an archive (`.zip`, `.tar`, `.tar.gz`, `.tgz`), in one folder. What students were given is the handout, and
//! the rubric says what counts (`cargo lab grade --write-rubric rubric.toml` writes one):
//!
//! ```sh
//! scripts/new-raft ../handout
//! sudo -E cargo lab grade-class ../handed-in --rubric rubric.toml --handout ../handout --out ../grades --as-user nobody
//! ```
//!
//! There is a table at the end, `class.csv`, `similarity.txt` (who has much in common with whom), and under `students/NAME` all
//! that graders and students read. The same command goes on where it was stopped. Code under test runs as a user who can write to nothing
//! of yours but a folder that is emptied before the next one; that user must be able to reach the folder of the grades.
//!
//! What everybody may write to, this user may too, and it stays: `/tmp`, `/var/tmp` and `/dev/shm`. By that a submission can leave
//! something for one that is graded later. Where that counts, take a user who owns nothing else (`useradd --system lab-student`), grade
//! one submission in a call, and delete what it has left; or give each call folders of its own, in a container or by
//! `systemd-run -p PrivateTmp=yes` (which has none for `/dev/shm`):
//!
//! ```sh
//! for name in ann bob; do
//!     sudo -E cargo lab grade-class ../handed-in --rubric rubric.toml --handout ../handout --out ../grades --as-user lab-student --only $name
//!     sudo find /tmp /var/tmp /dev/shm -user lab-student -delete
//! done
//! ```
//!
//! | of a submission | |
//! |---|---|
//! | `src/**/*.rs` | taken, but for `src/main.rs` and `src/bin/` |
//! | `unsafe`, `#[no_mangle]` and the like | the compiler refuses it, unless the rubric allows it: with it code could run before the program, or take the place of a function that the harness calls |
//! | `include!`, `include_str!`, `include_bytes!`, `#[path]` | refused: they read files of the grader while the submission is compiled |
//! | `Cargo.toml`, `Cargo.lock`, `build.rs`, `.cargo/`, tests, other crates | those of the handout are used |
//! | links, and archives with a path that leads out of them | refused, with what is wrong |
//!
//! Hidden seeds are derived from a secret of the course (`LAB_COURSE_SECRET`, or `--secret-file`) and the name of the assignment. Code under
//! test gets a bare environment. On Linux nobody but root can look into the program that knows them, so with hidden seeds root
//! must name another user for the code under test. A secret's file that this user can read is refused, and `grade.json`, which has all
//! the seeds while they are run, is closed to everybody but its owner. What else everybody may read on the machine, this user may too,
//! and can print it into his report. A seed is known to the code that runs under it, and can be told by
//! it: next year's assignment needs another name.
//!
//! What is left is what stands above: code can still change the memory of its own worker by `/proc/self/mem`, so whoever is
//! determined can forge the verdict of a run. Read the sources of who has all points and no commit before the last day.
//!
//! One program alone, as it is built in its folder:
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
