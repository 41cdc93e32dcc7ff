//! Rubrics, grades, archives and sources that are damaged: they are refused in words, or read.

use std::io::{Cursor, Write as _};

use lab_fuzzing::fuzz;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::class::{Sources, read_tar, read_zip};
use crate::record::Grade;
use crate::rubric::{EXAMPLE, Rubric};
use crate::similarity;

#[test]
fn reader_of_rubrics_survives_fuzzing() {
    let more = "assignment = 'x'\nleaderboard = true\n[[part]]\nname = '3A'\npoints = 12.5\n\
                deadline = 2026-10-01T23:59:00.5-04:00\npolicy = 'best of 3'\n\
                [[test]]\nname = 're_election_3a'\nskip = true\n[[test]]\nname = 'few_terms_3a'\nweight = 7\n";
    fuzz("rubric", &[EXAMPLE.into(), more.into()], |input| {
        if let Ok(text) = std::str::from_utf8(input)
            && let Ok(rubric) = Rubric::read("rubric.toml", text)
        {
            assert!(rubric.tests().count() < 1000 && !rubric.hash().is_empty());
        }
    });
}

#[test]
fn reader_of_grades_survives_fuzzing() {
    let example = include_str!("formats/expected/grade.json");
    fuzz("grade", &[example.into()], |input| {
        if let Ok(grade) = serde_json::from_slice::<Grade>(input) {
            let _ = grade.differences(&grade);
        }
    });
}

/// What archives of these tests hold.
const FILES: [(&str, &str); 3] =
    [("a/src/lib.rs", "mod log;"), ("a/src/log.rs", "fn f() {}"), ("a/README", "text")];

fn stays_below_src(sources: Result<Sources, String>) {
    if let Ok(sources) = sources {
        assert!(sources.files.keys().all(|name| !name.contains("..") && !name.starts_with('/')));
    }
}

#[test]
fn reader_of_tars_survives_fuzzing() {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, text) in FILES {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, text.as_bytes()).expect("an entry");
    }
    let archive = archive.into_inner().expect("an archive");
    fuzz("tar", &[archive], |input| stays_below_src(read_tar(input)));
}

#[test]
fn reader_of_zips_survives_fuzzing() {
    let archive = |method| {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, text) in FILES {
            let options = SimpleFileOptions::default().compression_method(method);
            archive.start_file(path, options).expect("an entry");
            archive.write_all(text.as_bytes()).expect("its content");
        }
        archive.finish().expect("an archive").into_inner()
    };
    let examples = [archive(CompressionMethod::Stored), archive(CompressionMethod::Deflated)];
    fuzz("zip", &examples, |input| stays_below_src(read_zip(Cursor::new(input))));
}

#[test]
fn reader_of_sources_survives_fuzzing() {
    let example = include_str!("../../template/src/lib.rs");
    fuzz("source", &[example.into(), "r##\"x\"## b'\\'' 'a 1.5e3 /* /* */ */".into()], |input| {
        let files =
            similarity::Files::from([("lib.rs".to_owned(), String::from_utf8_lossy(input).into_owned())]);
        let _ = similarity::compare(&[&files, &files], &[&files], &similarity::Files::new());
    });
}
