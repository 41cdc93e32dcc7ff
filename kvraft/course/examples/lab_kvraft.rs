//! The program `lab` for the master of the handout, on the Raft of the course:
//! `cargo run -p course-kvraft --example lab_kvraft -- sweep 4A,4B,4C -n 1000`.

use std::process::ExitCode;

use course_kvraft::CourseService;

fn main() -> ExitCode {
    lab::main(lab::Implementation::of_service::<CourseService<course_raft::Raft>>())
}
