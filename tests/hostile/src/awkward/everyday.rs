//! Prints, files, processes, clocks, statics, and memory in odd shapes.

use std::collections::HashMap;
use std::hint::black_box;
use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex as StdMutex, Weak};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::submission::{Submission, keep};

/// Knows itself, so that it is never given back.
struct Circle {
    me: StdMutex<Option<Arc<Circle>>>,
    weak: Weak<Circle>,
}

fn fibonacci(number: u64) -> u64 {
    if number < 2 { number } else { fibonacci(number - 1) + fibonacci(number - 2) }
}

fn deep(depth: u64) -> u64 {
    if depth == 0 { 0 } else { black_box(deep(depth - 1)) + 1 }
}

fn file_of(name: &str, me: usize) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("lab-{name}-{}-{me}", std::process::id()))
}

pub(super) fn submissions() -> Vec<Submission> {
    [outside(), inside()].into_iter().flatten().collect()
}

fn outside() -> Vec<Submission> {
    let awkward = Submission::awkward;
    vec![
        awkward("prints", "It prints to both streams whenever it is asked for something.")
            .get_state(|server| {
                println!("S{} was asked", server.me);
                eprintln!("S{} was asked", server.me);
                None
            })
            .start(|server, command| {
                println!("S{} starts {command:?}", server.me);
                None
            }),
        awkward("prints-without-lines", "It prints dots, and never an end of line.").get_state(|_| {
            print!(".");
            let _ = std::io::stdout().flush();
            None
        }),
        awkward("logs", "It logs in its hottest paths, at all levels.").get_state(|server| {
            log::error!("S{}: not as bad as it sounds", server.me);
            log::info!(target: "TIMR", "S{} was asked", server.me);
            log::trace!(target: "LEAD", "{:?}", [0; 100]);
            None
        }),
        awkward(
            "logger-of-its-own",
            "It tries to be the one that logs, and does not mind that somebody was before.",
        )
        .make(|_| {
            struct Quiet;
            impl log::Log for Quiet {
                fn enabled(&self, _: &log::Metadata<'_>) -> bool {
                    false
                }
                fn log(&self, _: &log::Record<'_>) {}
                fn flush(&self) {}
            }
            let _ = log::set_logger(&Quiet);
        }),
        awkward("reads-environment", "It looks into the environment and at its arguments.").make(|_| {
            let is_verbose = std::env::var("RAFT_VERBOSE").is_ok_and(|value| value == "1");
            let arguments: Vec<String> = std::env::args().collect();
            assert!(!is_verbose && !arguments.is_empty());
        }),
        awkward("sets-environment", "It asks for logs of everything, as in a terminal.")
            .make(|_| crate::system::set_variable("RUST_LOG", "trace")),
        awkward("chance-of-the-system", "It waits for a time that no seed knows, before it is ready.")
            .make(|_| {
                let chance = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0);
                labrpc::thread::sleep(std::time::Duration::from_micros(chance % 1000));
            })
            .says("was not the same run twice"),
        awkward("clock-in-log-lines", "It writes the time of the machine into its log lines.").get_state(
            |server| {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                log::info!("{}.{:03} S{} was asked", now.as_secs(), now.subsec_millis(), server.me);
                None
            },
        ),
        awkward("instant-kept", "It keeps when it was made, on the clock of the machine.")
            .keeps(|_| keep(Instant::now()))
            .kill(|server| println!("S{} lived for {:?}", server.me, server.kept::<Instant>().elapsed())),
        awkward("child-process", "It runs another program to its end.").make(|_| {
            assert!(Command::new("true").status().unwrap().success());
        }),
        awkward("child-process-read", "It reads what another program prints.").make(|_| {
            let said = Command::new("echo").arg("hello").output().unwrap();
            assert_eq!(said.stdout, b"hello\n");
        }),
        awkward("temporary-file", "It writes a temporary file, reads it, and removes it.").make(|server| {
            let path = file_of("file", server.me);
            std::fs::write(&path, "hello").unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), b"hello");
            std::fs::remove_file(&path).unwrap();
        }),
        awkward("log-file", "It writes a log file of its own, which it keeps open.")
            .keeps(|server| {
                let path = file_of("log", server.me);
                let file = std::fs::File::create(&path).unwrap();
                // It has no name from here on, so that nothing stays behind.
                std::fs::remove_file(path).unwrap();
                keep(file)
            })
            .get_state(|server| {
                writeln!(server.kept::<std::fs::File>(), "asked").unwrap();
                None
            }),
        awkward("reads-input", "It reads from standard input, and finds nothing.").make(|_| {
            let mut line = String::new();
            assert_eq!(std::io::stdin().read_line(&mut line).unwrap(), 0);
        }),
        awkward("backtraces", "It captures its stack in log lines.").kill(|_| {
            log::info!("{}", std::backtrace::Backtrace::force_capture());
        }),
    ]
}

fn inside() -> Vec<Submission> {
    let awkward = Submission::awkward;
    vec![
        awkward("memory-for-a-moment", "It takes 200 MB, and gives them back.").make(|server| {
            if server.me == 0 {
                drop(black_box(vec![1_u8; 200 << 20]));
            }
        }),
        awkward("many-threads", "It starts two hundred threads, which soon end.").make(|_| {
            for _ in 0..200 {
                labrpc::thread::spawn(|| labrpc::thread::sleep(std::time::Duration::from_millis(1)));
            }
        }),
        awkward("real-sleep-of-a-moment", "It sleeps for a moment on the clock of the machine.")
            .make(|_| std::thread::sleep(std::time::Duration::from_millis(2))),
        awkward("memory-leaked", "It gives memory away for ever, some of it in circles.").make(|_| {
            Box::leak(Box::new([0_u8; 1000]));
            let circle = Arc::new_cyclic(|weak| Circle { me: StdMutex::new(None), weak: weak.clone() });
            *circle.me.lock().unwrap() = circle.weak.upgrade();
        }),
        awkward("large-frames", "It has a large value on its stack.").get_state(|server| {
            let frame = black_box([server.me as u8; 100_000]);
            assert_eq!(usize::from(frame[99_999]), server.me);
            None
        }),
        awkward("recursion", "It calls itself, deep and often.").get_state(|_| {
            assert_eq!((fibonacci(12), deep(1_000)), (144, 1_000));
            None
        }),
        awkward("hash-map-asked", "It asks a hash map of std for keys, and never for all of them.")
            .keeps(|server| keep(StdMutex::new(HashMap::from([(server.me, 0_u64)]))))
            .get_state(|server| {
                let mut map = server.kept::<StdMutex<HashMap<usize, u64>>>().lock().unwrap();
                *map.entry(server.me).or_default() += 1;
                assert!(map.contains_key(&server.me));
                None
            }),
        awkward("hash-map-in-order", "It looks at all of a hash map of std, in an order of its own.").make(
            |_| {
                let map: HashMap<u64, u64> = (0..10).map(|key| (key, key * key)).collect();
                let mut keys: Vec<u64> = map.into_keys().collect();
                keys.sort_unstable();
                assert_eq!(keys, (0..10).collect::<Vec<u64>>());
            },
        ),
        awkward("in-the-real-world", "The reference and a thread that never ends, on real threads.")
            .make(|_| {
                drop(labrpc::thread::spawn(|| labrpc::thread::sleep(std::time::Duration::from_secs(3_600))))
            })
            .command("grade initial_election_3a --world real"),
    ]
}
