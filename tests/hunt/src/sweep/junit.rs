//! The results of a sweep as JUnit's XML, which continuous integration shows: a suite per group, a case per row.

use std::io;

use anyhow::{Context, Result};
use labrpc::printable;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::json::Results;
use super::results::{Row, groups};
use super::table;

/// An element of the document, under way.
type Xml = Writer<Vec<u8>>;

/// The content of the file.
///
/// # Errors
///
/// None that is known.
pub fn junit(results: &Results) -> Result<Vec<u8>> {
    report(results).context("writing JUnit's XML")
}

fn report(results: &Results) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 4);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let [tests, skipped, failures] = counts(&results.rows);
    xml.create_element("testsuites")
        .with_attribute(("name", "lab sweep"))
        .with_attributes([
            ("tests", &*tests),
            ("skipped", &skipped),
            ("failures", &failures),
            ("errors", "0"),
        ])
        .with_attribute(("time", &*seconds(results.wall_s.max(0.0))))
        .write_inner_content(|xml| {
            // Rows of a group follow each other, as the tests of a part do in the table.
            results.rows.chunk_by(|a, b| a.group == b.group).try_for_each(|rows| suite(xml, results, rows))
        })?;
    xml.get_mut().push(b'\n');
    Ok(xml.into_inner())
}

fn suite(xml: &mut Xml, results: &Results, rows: &[Row]) -> io::Result<()> {
    let group = rows.first().map_or("", |row| &row.group);
    let group = if group.is_empty() { "lab" } else { group };
    let [tests, skipped, failures] = counts(rows);
    xml.create_element("testsuite")
        .with_attribute(("name", &*printable(group)))
        .with_attributes([
            ("tests", &*tests),
            ("skipped", &skipped),
            ("errors", "0"),
            ("failures", &failures),
        ])
        .write_inner_content(|xml| rows.iter().try_for_each(|row| case(xml, results, row, group)))?;
    Ok(())
}

fn case(xml: &mut Xml, results: &Results, row: &Row, group: &str) -> io::Result<()> {
    let name =
        if row.policy == "random" { row.test.clone() } else { format!("{} ({})", row.test, row.policy) };
    xml.create_element("testcase")
        .with_attribute(("name", &*printable(&name)))
        .with_attribute(("classname", &*printable(&format!("{}.{group}", results.implementation))))
        // Of all its runs together: tools add the cases up and show where the time went.
        .with_attribute(("time", &*seconds(row.cost.wall_us as f64 / 1e6)))
        .write_inner_content(|xml| {
            status(xml, results, row)?;
            let rate = table::rate_text(row.failed(), row.runs());
            xml.create_element("system-out").write_text_content(BytesText::new(&rate))?;
            Ok(())
        })?;
    Ok(())
}

fn status(xml: &mut Xml, results: &Results, row: &Row) -> io::Result<()> {
    if row.runs() == 0 {
        xml.create_element("skipped").write_empty()?;
        return Ok(());
    }
    let groups = groups(std::slice::from_ref(row));
    // A case has one message. The most frequent cause is in it, and all are in the description.
    let Some(most) = groups.first() else { return Ok(()) };
    let message = format!("{} of {} runs failed: {}", row.failed(), row.runs(), most.first.headline);
    let lines: Vec<String> = groups
        .iter()
        .map(|group| {
            let replay = group.replay(&results.world);
            format!("{}: {}\n  {replay}", group.times(), group.first.headline)
        })
        .collect();
    xml.create_element("failure")
        .with_attribute(("message", &*printable(&message)))
        .with_attribute(("type", &*printable(&most.first.kind.to_string())))
        .write_text_content(BytesText::new(&printable(&lines.join("\n"))))?;
    Ok(())
}

/// Tests, those that were skipped, and those that failed.
fn counts(rows: &[Row]) -> [String; 3] {
    let skipped = rows.iter().filter(|row| row.runs() == 0).count();
    let failures = rows.iter().filter(|row| row.failed() > 0).count();
    [rows.len(), skipped, failures].map(|count| count.to_string())
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.3}")
}

#[cfg(test)]
mod tests {
    use super::super::json::tests::shard;
    use super::*;
    use expect_test::expect_file;
    use lab_runs::TestInfo;

    #[test]
    fn row_is_a_case_that_says_how_often_it_failed_and_how_to_replay_it() {
        let mut results = shard(1, 1);
        let test = TestInfo { name: "figure8_3c", group: "3C", about: "" };
        results.rows.push(Row::new(test, "pct:3"));
        let text = String::from_utf8(report(&results).unwrap()).unwrap();
        expect_file!["expected/junit.xml"].assert_eq(&text);
    }

    #[test]
    fn what_xml_cannot_hold_is_written_out_wherever_it_stands() {
        let bad = "\u{1b}[31mred \0\u{8}\u{fffe}é𝄞]]><&\"";
        let mut results = shard(1, 1);
        results.implementation = bad.to_owned();
        let row = &mut results.rows[0];
        (row.test, row.group, row.policy) = (bad.to_owned(), bad.to_owned(), bad.to_owned());
        row.failures[0].headline = bad.to_owned();
        let text = String::from_utf8(report(&results).unwrap()).unwrap();
        // What the standard calls a character.
        let is_legal =
            |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(text.chars().all(is_legal), "{text}");
        assert!(text.matches("\\u{fffe}é𝄞]]&gt;&lt;&amp;&quot;").count() >= 7, "{text}");
        let mut reader = quick_xml::Reader::from_str(&text);
        while reader.read_event().unwrap() != Event::Eof {}
    }
}
