//! JUnit's XML, which continuous integration shows: a suite per part, a case per test.

use std::io;

use labrpc::printable;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::Telling;
use crate::record::{Grade, PartGrade, Status, TestGrade};

/// An element of the document, under way.
type Xml = Writer<Vec<u8>>;

/// The content of the file.
///
/// # Errors
///
/// None that is known.
pub fn text(grade: &Grade, telling: &Telling) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 4);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let counts = counts(&grade.tests.iter().collect::<Vec<_>>());
    xml.create_element("testsuites")
        .with_attribute(("name", &*printable(&grade.assignment)))
        .with_attributes(attributes(&counts))
        .with_attribute(("time", &*format!("{:.3}", grade.seconds)))
        .write_inner_content(|xml| {
            grade.parts.iter().try_for_each(|part| suite(xml, grade, part, telling))
        })?;
    xml.get_mut().push(b'\n');
    Ok(xml.into_inner())
}

fn suite(xml: &mut Xml, grade: &Grade, part: &PartGrade, telling: &Telling) -> io::Result<()> {
    let tests: Vec<&TestGrade> = grade.tests.iter().filter(|test| test.part == part.name).collect();
    let counts = counts(&tests);
    xml.create_element("testsuite")
        .with_attribute(("name", &*format!("{} {}", part.name, part.title)))
        .with_attributes(attributes(&counts))
        .write_inner_content(|xml| tests.iter().try_for_each(|test| case(xml, test, telling)))?;
    Ok(())
}

fn case(xml: &mut Xml, test: &TestGrade, telling: &Telling) -> io::Result<()> {
    xml.create_element("testcase")
        .with_attribute(("name", &*test.name))
        .with_attribute(("classname", &*test.part))
        .with_attribute(("time", &*format!("{:.3}", test.seconds)))
        .write_inner_content(|xml| {
            let text = telling.of(test);
            let text = printable(&text);
            match test.status {
                Status::Passed => {}
                Status::Skipped => {
                    let reason = test.reason.as_deref().unwrap_or_default();
                    xml.create_element("skipped").with_attribute(("message", reason)).write_empty()?;
                }
                Status::Failed => {
                    let headline = test.failure.as_ref().map_or("", |failure| &failure.headline);
                    xml.create_element("failure")
                        .with_attribute(("message", &*printable(headline)))
                        .with_attribute(("type", "failed"))
                        .write_text_content(BytesText::new(&text))?;
                }
                Status::NotRun | Status::Unknown => {
                    xml.create_element("error")
                        .with_attribute(("message", super::word(test.status)))
                        .with_attribute(("type", super::word(test.status)))
                        .write_text_content(BytesText::new(&text))?;
                }
            }
            let points = format!("{} of {} points; {}", test.score, test.max_score, super::seeds_line(test));
            xml.create_element("system-out").write_text_content(BytesText::new(&points))?;
            Ok(())
        })?;
    Ok(())
}

/// Tests, and how many of them were skipped, have failed, and could not be told.
fn counts(tests: &[&TestGrade]) -> [String; 4] {
    let count = |is_one: fn(Status) -> bool| tests.iter().filter(|test| is_one(test.status)).count();
    [
        tests.len(),
        count(|status| status == Status::Skipped),
        count(|status| status == Status::Failed),
        count(|status| matches!(status, Status::NotRun | Status::Unknown)),
    ]
    .map(|count| count.to_string())
}

fn attributes([tests, skipped, failures, errors]: &[String; 4]) -> [(&str, &str); 4] {
    [("tests", tests), ("skipped", skipped), ("failures", failures), ("errors", errors)]
}
