use std::io::{Cursor, Write as _};

use flate2::read::GzDecoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::archive::{read_tar, read_zip};
use super::*;

/// An archive with these entries: path, kind and content.
fn archive(entries: &[(&str, tar::EntryType, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, kind, content) in entries {
        let mut header = tar::Header::new_gnu();
        // By hand: the crate does not write what leads out.
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        if !kind.is_file() {
            header.set_size(0);
            header.set_link_name("lib.rs").unwrap();
        }
        header.set_cksum();
        builder.append(&header, if kind.is_file() { content.as_bytes() } else { b"" }).unwrap();
    }
    builder.into_inner().unwrap()
}

fn taken(entries: &[(&str, tar::EntryType, &str)]) -> Result<Vec<String>, String> {
    read_tar(&*archive(entries)).map(|sources| sources.files.into_keys().collect())
}

/// The same as a zip. Links are links there as well.
fn zipped(entries: &[(&str, tar::EntryType, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for &(path, kind, content) in entries {
        if kind.is_file() {
            archive.start_file(path, SimpleFileOptions::default()).unwrap();
            archive.write_all(content.as_bytes()).unwrap();
        } else {
            archive.add_symlink(path, "lib.rs", SimpleFileOptions::default()).unwrap();
        }
    }
    archive.finish().unwrap().into_inner()
}

fn taken_of_zip(entries: &[(&str, tar::EntryType, &str)]) -> Result<Vec<String>, String> {
    read_zip(Cursor::new(zipped(entries))).map(|sources| sources.files.into_keys().collect())
}

const FILE: tar::EntryType = tar::EntryType::Regular;

#[test]
fn only_the_sources_are_taken() {
    let entries = [
        ("raft/Cargo.toml", FILE, "evil"),
        ("raft/build.rs", FILE, "evil"),
        ("raft/.cargo/config.toml", FILE, "evil"),
        ("raft/tests/suites.rs", FILE, "evil"),
        ("./raft/src/lib.rs", FILE, "mod log;"),
        ("raft/src/log.rs", FILE, ""),
        ("raft/src/log/entry.rs", FILE, ""),
        ("raft/src/main.rs", FILE, "evil"),
        ("raft/src/bin/lab.rs", FILE, "evil"),
        ("raft/src/notes.txt", FILE, "mine"),
        ("raft/target/debug/build/x/src/lib.rs", FILE, "old"),
        ("raft/vendor/other/src/lib.rs", FILE, "deeper"),
    ];
    assert_eq!(taken(&entries).unwrap(), ["lib.rs", "log.rs", "log/entry.rs"]);
    assert_eq!(taken_of_zip(&entries).unwrap(), ["lib.rs", "log.rs", "log/entry.rs"]);
}

#[test]
fn path_that_leads_out_refuses_all_of_it() {
    for path in ["../x.rs", "raft/../../x", "/etc/cron.d/x", "a/src/../../b.rs"] {
        let entries = [("src/lib.rs", FILE, ""), (path, FILE, "")];
        for error in [taken(&entries).unwrap_err(), taken_of_zip(&entries).unwrap_err()] {
            assert!(error.contains("leads out of it"), "{error}");
        }
    }
}

#[test]
fn links_and_doubts_are_told() {
    let lib = ("src/lib.rs", FILE, "");
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link] {
        let entries = [lib, ("src/log.rs", kind, "")];
        for error in [taken(&entries).unwrap_err(), taken_of_zip(&entries).unwrap_err()] {
            assert_eq!(error, "src/log.rs is a link: hand in the file itself");
        }
    }
    assert_eq!(taken(&[("README", FILE, "")]).unwrap_err(), "there is no src/lib.rs in it");
    let error = taken(&[("a/src/lib.rs", FILE, ""), ("b/src/lib.rs", FILE, "")]).unwrap_err();
    assert!(error.contains("more than one src/lib.rs: a/src/lib.rs and b/src/lib.rs"), "{error}");
    let error = taken(&[("src/lib.rs", FILE, &" ".repeat(FILE_MAX as usize + 1))]).unwrap_err();
    assert_eq!(error, "src/lib.rs has more than 1024 KB");
    let many: Vec<String> = (0..FILES_MAX).map(|number| format!("src/m{number}.rs")).collect();
    let mut entries = vec![lib];
    entries.extend(many.iter().map(|name| (&**name, FILE, "")));
    assert!(taken(&entries).unwrap_err().contains("more than 500 files"));
    assert!(read_tar(&b"this is no archive"[..]).is_err());
    // Compressed, and cut in the middle.
    assert!(read_tar(GzDecoder::new(&b"\x1f\x8b\x08\0\0\0\0\0"[..])).is_err());
}

/// As file managers and learning platforms pack: with separators of Windows, with what macOS adds, without the folder, and with
/// files that nobody reads and that need a password.
#[test]
fn zips_of_all_kinds_are_taken() {
    let entries = [
        ("my-raft\\src\\lib.rs", FILE, "mod log;"),
        ("my-raft\\src\\log.rs", FILE, ""),
        ("__MACOSX/my-raft/src/lib.rs", FILE, "no text"),
        ("__MACOSX/src/lib.rs", FILE, "no text"),
    ];
    assert_eq!(taken_of_zip(&entries).unwrap(), ["lib.rs", "log.rs"]);
    assert_eq!(taken_of_zip(&[("lib.rs", FILE, ""), ("log.rs", FILE, "")]).unwrap(), ["lib.rs", "log.rs"]);
    let mut zip = zipped(&[("src/lib.rs", FILE, ""), ("notes.pdf", FILE, "secret")]);
    // The flag of encryption, in both of its headers.
    let is_of = |place: usize, name: &[u8], before: usize| place >= before && zip[place..].starts_with(name);
    let places: Vec<usize> = (0..zip.len()).filter(|&place| is_of(place, b"notes.pdf", 30)).collect();
    let [local, central] = places[..] else { panic!("two headers, not {places:?}") };
    zip[local - 30 + 6] |= 1;
    zip[central - 46 + 8] |= 1;
    assert_eq!(read_zip(Cursor::new(&zip)).unwrap().files.len(), 1);
    // Of macOS, beside files with attributes; and what nobody sees.
    let entries =
        [("src/lib.rs", FILE, ""), ("src/._lib.rs", FILE, "no text"), (".backup/src/lib.rs", FILE, "")];
    assert_eq!(taken_of_zip(&entries).unwrap(), ["lib.rs"]);
    assert_eq!(taken(&entries).unwrap(), ["lib.rs"]);
    let many = " ".repeat(FILE_MAX as usize + 1);
    assert!(taken_of_zip(&[("src/lib.rs", FILE, &many)]).unwrap_err().contains("more than 1024 KB"));
    let error = read_zip(Cursor::new(b"this is no archive")).unwrap_err();
    assert!(error.starts_with("the archive cannot be read: "), "{error}");
}

/// Who builds would fail at them, as if something of the grader were wrong.
#[test]
fn names_that_cannot_be_written_are_told() {
    let long = format!("src/{}.rs", "a".repeat(300));
    for (name, words) in [
        ("src/a.rs/b.rs", "src/a.rs/b.rs lies in a folder that is called like a source"),
        ("src/main.rs/b.rs", "lies in a folder"),
        ("src/x\0y.rs", "too long, or has a zero in it"),
        (&long, "too long, or has a zero in it"),
    ] {
        let error =
            taken_of_zip(&[("src/lib.rs", FILE, ""), ("src/a.rs", FILE, ""), (name, FILE, "")]).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}

/// Long names stand in headers of their own, in two ways; and one that would fill the memory is refused.
#[test]
fn long_names_of_tars_are_read() {
    let deep = format!("{}/raft", "folder-".repeat(20));
    let lib = format!("{deep}/src/lib.rs");
    let pax = {
        let record = |length: usize| format!("{length} path={lib}\n");
        let length = (0..).find(|&length| record(length).len() == length).unwrap();
        record(length)
    };
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |kind, name: &str, content: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_path(name).unwrap();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_cksum();
        archive.append(&header, content).unwrap();
    };
    add(tar::EntryType::XHeader, "header", pax.as_bytes());
    add(FILE, "short", b"mod log;");
    add(tar::EntryType::GNULongName, "././@LongLink", format!("{deep}/src/log.rs\0").as_bytes());
    add(tar::EntryType::GNULongLink, "././@LongLink", b"of a link");
    add(FILE, "short", b"");
    let sources = read_tar(&*archive.into_inner().unwrap()).unwrap();
    assert_eq!(sources.files.keys().collect::<Vec<_>>(), ["lib.rs", "log.rs"]);
    let mut archive = archive_of_header("././@LongLink", tar::EntryType::GNULongName, 1 << 30);
    archive.resize(200_000, b'a');
    assert!(read_tar(&*archive).unwrap_err().contains("a header of more than 64 KB"));
}

/// The header of an entry that has so many bytes, and no more.
fn archive_of_header(name: &str, kind: tar::EntryType, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_path(name).unwrap();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_cksum();
    header.as_bytes().to_vec()
}

#[test]
fn folder_gives_the_same_as_its_archive() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for (name, text) in [
        ("a/raft/src/lib.rs", "mod log;"),
        ("a/raft/src/log/mod.rs", ""),
        ("a/raft/src/main.rs", "evil"),
        ("a/raft/build.rs", "evil"),
        ("a/target/x/src/lib.rs", "old"),
        (".git/src/lib.rs", "old"),
        ("a/raft/vendor/x/src/lib.rs", "deeper"),
    ] {
        write(name, text);
    }
    let sources = of_folder(folder.path()).unwrap();
    assert_eq!(sources.files.keys().collect::<Vec<_>>(), ["lib.rs", "log/mod.rs"]);
    let packed =
        read_tar(&*archive(&[("src/lib.rs", FILE, "mod log;"), ("src/log/mod.rs", FILE, "")])).unwrap();
    assert_eq!(packed, sources);
    assert_eq!(packed.hash(), sources.hash());
    write("flat/lib.rs", "mod log;");
    write("flat/log/mod.rs", "");
    assert_eq!(of_folder(&folder.path().join("flat")).unwrap(), sources);
    write("b/other/src/lib.rs", "");
    assert!(of_folder(folder.path()).unwrap_err().contains("more than one"));
}

#[test]
#[cfg(unix)]
fn link_and_pipe_in_a_folder_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let src = folder.path().join("src");
    fs::create_dir(&src).unwrap();
    fs::write(src.join("lib.rs"), "").unwrap();
    std::os::unix::fs::symlink("/etc", src.join("etc")).unwrap();
    assert_eq!(of_folder(folder.path()).unwrap().files.len(), 1);
    std::os::unix::fs::symlink("/etc/passwd", src.join("secret.rs")).unwrap();
    assert!(of_folder(folder.path()).unwrap_err().contains("src/secret.rs is a link"));
    fs::remove_file(src.join("lib.rs")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", src.join("lib.rs")).unwrap();
    assert!(of_folder(folder.path()).unwrap_err().contains("no src/lib.rs"));
}
