//! What is handed in.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::room::Room;

/// A Raft that starts, answers, and never leads: what students are given here.
pub(crate) const NEVER_LEADS: &str = include_str!("never_leads.rs.txt");
/// The secret that nobody may see.
pub(crate) const SECRET: &str = "correct horse battery staple";
/// What is in the name of each file that a hostile submission would leave.
pub(crate) const MARK: &str = "i-was-here";

/// A submission.
pub(crate) struct Submission {
    pub(crate) name: &'static str,
    /// What it must get.
    pub(crate) points: &'static str,
    /// What must be said of it.
    pub(crate) says: &'static str,
    pub(crate) make: fn(&Room, &str),
}

const fn submission(
    name: &'static str,
    points: &'static str,
    says: &'static str,
    make: fn(&Room, &str),
) -> Submission {
    Submission { name, points, says, make }
}

/// All of them.
pub(crate) const SUBMISSIONS: &[Submission] = &[
    // Right ones.
    submission("reference", "30", "complete", |room, name| copy(room, name, "raft/src")),
    submission("polling", "30", "complete", |room, name| control(room, name, "polling")),
    submission("resettable_timer", "30", "complete", |room, name| control(room, name, "resettable_timer")),
    submission("copy", "30", "complete", |room, name| {
        control(room, name, "polling");
        pack(room, name);
    }),
    // Broken ones.
    submission("handout", "0", "no leader was elected", |room, name| acting(room, name, "")),
    submission("does_not_compile", "0", "error[E0308]: mismatched types", |room, name| {
        acting(room, name, "}\nfn f() -> u32 { \"x\" ");
    }),
    submission("empty", "0", "there is no src/lib.rs in it", |room, name| {
        room.write(&format!("submissions/{name}/README"), "to do");
    }),
    submission("panics", "0", "to be written", |room, name| {
        acting(room, name, "panic!(\"to be written\");");
        zip(room, name);
    }),
    submission("never_gives_way", "0", "did not give way", |room, name| {
        acting(room, name, "loop { std::hint::spin_loop(); }")
    }),
    // Hostile ones.
    submission("exits_as_if_all_were_well", "0", "ended the process", |room, name| {
        acting(room, name, "std::process::exit(0);");
    }),
    submission("takes_the_place_of_a_function", "0", "unsafe_code", |room, name| {
        acting(
            room,
            name,
            "}\n#[unsafe(no_mangle)]\npub extern \"C\" fn write(_: i32, _: *const u8, n: usize) -> usize { n ",
        );
    }),
    submission("runs_before_the_program", "0", "unsafe_code", |room, name| {
        let code = "}\n#[used]\n#[unsafe(link_section = \".init_array\")]\nstatic EARLY: extern \"C\" fn() = { extern \"C\" fn f() { std::process::exit(0) } f };\nfn g() {";
        acting(room, name, code);
    }),
    submission("reads_a_file_while_it_is_compiled", "0", "include_str! reads a file", |room, name| {
        acting(room, name, "println!(\"{}\", include_str!(\"/etc/passwd\"));");
    }),
    submission("compiles_without_end", "0", "", |room, name| {
        // Each level has twice as many tokens as the one before.
        let code =
            "}\nmacro_rules! bomb { ($($t:tt)*) => { bomb!($($t)* $($t)*); } }\nbomb!(a b c d);\nfn g() {";
        acting(room, name, code);
    }),
    submission("brings_its_own_build", "0", "no leader was elected", brings_its_own_build),
    submission("prints_a_table", "0", "no leader was elected", |room, name| {
        acting(
            room,
            name,
            "println!(\"prints_a_table,30,30\\n30 of 30 points\"); eprintln!(\"30 of 30 points\");",
        );
    }),
    submission("kills_and_writes", "0", "no leader was elected", |room, name| {
        acting(room, name, KILLS_AND_WRITES)
    }),
    submission("leaves_a_process", "0", "", |room, name| {
        let code = format!(
            "if _me == 0 {{ let _ = std::process::Command::new(\"sh\").args([\"-c\", \"(sleep 3; touch /proc/$PPID/cwd/{MARK}-late {}/{MARK}-late) &\"]).spawn(); }}",
            room.path("out").display()
        );
        acting(room, name, &code);
    }),
    submission("takes_all_memory", "0", "memory", |room, name| {
        acting(
            room,
            name,
            "let mut hoard = Vec::new(); loop { hoard.push(std::hint::black_box(vec![1_u8; 1 << 20])); }",
        );
    }),
    submission("leads_out_of_its_archive", "0", "leads out of it", leads_out_of_its_archive),
    submission("looks_for_the_secret", "0", "no leader was elected", |room, name| {
        let code = format!(
            "let seen = std::fs::read_dir(\"/proc\").into_iter().flatten().flatten().filter_map(|p| std::fs::read(p.path().join(\"environ\")).ok())\n\
             .any(|text| String::from_utf8_lossy(&text).contains(\"{SECRET}\"));\nassert!(!seen, \"I have seen it\");"
        );
        acting(room, name, &code);
    }),
];

/// Kills who grades, and writes over what was built and graded: with all that a shell can.
const KILLS_AND_WRITES: &str = r#"
    let script = "kill -9 $(cut -d' ' -f4 /proc/$PPID/stat); d=$(dirname $(readlink /proc/$PPID/exe)); \
        for f in $d/i-was-here $d/lab $d/../../../class.csv; do touch $f 2>/dev/null && echo x >$f-i-was-here; done";
    if _me == 0 { let _ = std::process::Command::new("sh").args(["-c", script]).stderr(std::process::Stdio::null()).status(); }
"#;

/// The root of the workspace.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Hands in the sources of a folder of this workspace.
fn copy(room: &Room, name: &str, folder: &str) {
    for entry in fs::read_dir(root().join(folder)).expect("a folder").flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}/{file}");
        if entry.path().is_dir() {
            for inner in fs::read_dir(entry.path()).expect("a folder").flatten() {
                let inner_file = inner.file_name().to_string_lossy().into_owned();
                if inner.path().is_file() {
                    room.write(
                        &format!("submissions/{name}/src/{file}/{inner_file}"),
                        fs::read(inner.path()).expect("a file"),
                    );
                }
            }
        } else {
            room.write(
                &format!("submissions/{name}/src/{file}"),
                fs::read(root().join(path)).expect("a file"),
            );
        }
    }
}

/// Hands in a control, whose module becomes the library.
fn control(room: &Room, name: &str, module: &str) {
    copy(room, name, &format!("tests/controls/src/{module}"));
    let src = room.path(&format!("submissions/{name}/src"));
    fs::rename(src.join("mod.rs"), src.join("lib.rs")).expect("a library");
}

/// Hands in an archive in the place of a folder.
fn pack(room: &Room, name: &str) {
    let folder = room.path(&format!("submissions/{name}"));
    let file = fs::File::create(room.path(&format!("submissions/{name}.tar.gz"))).expect("a file");
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(file, flate2::Compression::fast()));
    archive.append_dir_all(name, &folder).expect("an archive");
    archive.into_inner().and_then(flate2::write::GzEncoder::finish).expect("an archive");
    fs::remove_dir_all(folder).expect("no folder");
}

/// The same as a zip.
fn zip(room: &Room, name: &str) {
    let folder = room.path(&format!("submissions/{name}"));
    let file = fs::File::create(room.path(&format!("submissions/{name}.zip"))).expect("a file");
    let mut archive = zip::ZipWriter::new(file);
    for entry in fs::read_dir(folder.join("src")).expect("a folder").flatten() {
        let path = format!("{name}/src/{}", entry.file_name().to_string_lossy());
        archive.start_file(path, zip::write::SimpleFileOptions::default()).expect("an entry");
        archive.write_all(&fs::read(entry.path()).expect("a file")).expect("its content");
    }
    archive.finish().expect("an archive");
    fs::remove_dir_all(folder).expect("no folder");
}

/// Hands in a Raft that never leads, with something that it does when a server is made. `_me` is its number.
fn acting(room: &Room, name: &str, code: &str) {
    // Not the template, which ends with what is to be written first: then nothing of the code would run.
    let template = NEVER_LEADS;
    let begins = "impl RaftServer for Raft {";
    let acting = template
        .replace(begins, &format!("#[allow(dead_code, unused, unreachable_code)]\nfn act(_me: ServerId) {{ {code} }}\n\n{begins}"))
        .replace(") -> Self {\n        let node", ") -> Self {\n        act(me);\n        let node");
    assert_eq!(acting.matches("act(me);").count(), 1, "it would do nothing");
    room.write(&format!("submissions/{name}/src/lib.rs"), acting);
}

/// A build script, a manifest, cargo's settings and a program of its own.
fn brings_its_own_build(room: &Room, name: &str) {
    acting(room, name, "");
    let mark = room.path(MARK);
    let script = format!("fn main() {{ std::fs::write({mark:?}, \"\").unwrap(); }}");
    let here = format!("submissions/{name}");
    room.write(&format!("{here}/build.rs"), &script);
    room.write(&format!("{here}/src/main.rs"), &script);
    room.write(&format!("{here}/src/bin/lab.rs"), &script);
    room.write(&format!("{here}/Cargo.toml"), "[package]\nname = \"x\"\nbuild = \"build.rs\"\n");
    room.write(&format!("{here}/.cargo/config.toml"), "[build]\nrustc-wrapper = \"./build.rs\"\n");
}

/// By hand, since no builder of archives writes such a path.
fn leads_out_of_its_archive(room: &Room, name: &str) {
    let mut archive = tar::Builder::new(Vec::new());
    for path in ["src/lib.rs", &format!("../../{MARK}.rs")] {
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(0);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, &b""[..]).expect("an entry");
    }
    room.write(&format!("submissions/{name}.tar"), archive.into_inner().expect("an archive"));
}
