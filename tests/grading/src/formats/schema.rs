//! Holds JSON against a JSON Schema: the keywords that our schemas have, and no other.
//!
//! By hand, since the kept crates for it bring fifty to eighty others (most for formats, regular expressions and numbers of any
//! size) and a minute of processor time to each build of the tests. A keyword that is not known here fails the test, so that
//! nothing of a schema is passed over.

use serde_json::Value;

/// What is wrong with the value; nothing if it obeys the schema.
pub(super) fn violations(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Check { root: schema, found: &mut found }.check(schema, value, "$");
    found
}

struct Check<'a> {
    root: &'a Value,
    found: &'a mut Vec<String>,
}

impl Check<'_> {
    fn check(&mut self, schema: &Value, value: &Value, place: &str) {
        for (keyword, rule) in schema.as_object().expect("a schema is an object") {
            if let Some(problem) = self.problem(keyword, rule, schema, value, place) {
                self.found.push(format!("{place}: {problem}"));
            }
        }
    }

    fn problem(
        &mut self,
        keyword: &str,
        rule: &Value,
        schema: &Value,
        value: &Value,
        place: &str,
    ) -> Option<String> {
        let is_bad = match keyword {
            "$schema" | "title" | "description" | "$defs" => false,
            "$ref" => {
                let name = rule
                    .as_str()
                    .and_then(|path| path.strip_prefix("#/$defs/"))
                    .expect("a reference to $defs");
                self.check(&self.root["$defs"][name], value, place);
                false
            }
            "type" => match rule {
                Value::Array(types) => !types.iter().any(|name| is_of_type(name, value)),
                name => !is_of_type(name, value),
            },
            "const" => rule != value,
            "enum" => !rule.as_array().expect("a list").contains(value),
            "minimum" => value.as_f64().is_some_and(|number| number < rule.as_f64().expect("a number")),
            "minLength" => length(value).is_some_and(|length| length < rule.as_u64().expect("a length")),
            "maxLength" => length(value).is_some_and(|length| length > rule.as_u64().expect("a length")),
            "pattern" => value.as_str().is_some_and(|text| !matches(rule.as_str().expect("a pattern"), text)),
            "required" => {
                let names = rule.as_array().expect("a list").iter().filter_map(Value::as_str);
                let missing: Vec<&str> = names.filter(|name| value.get(name).is_none()).collect();
                return (!missing.is_empty()).then(|| format!("{} is missing", missing.join(", ")));
            }
            "properties" => {
                for (name, rule) in rule.as_object().expect("an object") {
                    if let Some(value) = value.get(name) {
                        self.check(rule, value, &format!("{place}.{name}"));
                    }
                }
                false
            }
            "additionalProperties" => {
                let known = &schema["properties"];
                rule == &Value::Bool(false)
                    && value
                        .as_object()
                        .is_some_and(|object| object.keys().any(|name| known.get(name).is_none()))
            }
            "items" => {
                for (number, value) in value.as_array().into_iter().flatten().enumerate() {
                    self.check(rule, value, &format!("{place}[{number}]"));
                }
                false
            }
            other => panic!("the keyword {other:?} is not known here"),
        };
        is_bad.then(|| format!("{value} is not as {keyword} says: {rule}"))
    }
}

fn length(value: &Value) -> Option<u64> {
    Some(value.as_str()?.chars().count() as u64)
}

fn is_of_type(name: &Value, value: &Value) -> bool {
    match name.as_str().expect("a type has a name") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "null" => value.is_null(),
        other => panic!("the type {other:?} is not known here"),
    }
}

/// The patterns that our schemas have.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern {
        "^submit/" => text.starts_with("submit/"),
        r"^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$" => {
            let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            let below =
                |range: std::ops::Range<usize>, end: u32| text[range].parse::<u32>().is_ok_and(|n| n < end);
            shape == "0000-00-00T00:00:00Z" && below(11..13, 24) && below(14..16, 60) && below(17..19, 60)
        }
        other => panic!("the pattern {other:?} is not known here"),
    }
}

#[test]
fn what_a_schema_forbids_is_found() {
    let schema: Value = serde_json::from_str(include_str!("schemas/classroom50-result-v1.json")).unwrap();
    let test = serde_json::json!({ "test-name": "x", "passed": true, "score": 1, "max-score": 1, "more": 1 });
    let good = serde_json::json!({
        "schema": "classroom50/result/v1", "classroom": "c", "assignment": "a", "assignment_type": "group",
        "owner": "o", "submission": "submit/1", "commit": "c", "release": "r", "review": "v",
        "datetime": "2026-06-01T14:32:01Z", "score": 1, "max-score": 1, "tests": [test],
    });
    assert_eq!(violations(&schema, &good), [""; 0]);
    for (place, bad) in [
        ("/schema", serde_json::json!("v2")),
        ("/owner", serde_json::json!("")),
        ("/owner", serde_json::json!(1)),
        ("/assignment_type", serde_json::json!("alone")),
        ("/submission", serde_json::json!("main")),
        ("/datetime", serde_json::json!("2026-06-01T24:32:01Z")),
        ("/score", serde_json::json!(1.5)),
        ("/score", serde_json::json!(-1)),
        ("/tests/0/passed", serde_json::json!("yes")),
        ("/tests/0/output", serde_json::json!("x".repeat(2001))),
        ("/tests", serde_json::json!([{}])),
    ] {
        let mut value = good.clone();
        match value.pointer_mut(place) {
            Some(field) => *field = bad,
            None => value["tests"][0]["output"] = bad,
        }
        assert_eq!(violations(&schema, &value).len(), 1, "{place}");
    }
    let mut more = good.clone();
    more["usernames"] = serde_json::json!([]);
    assert_eq!(violations(&schema, &more).len(), 1);
    let mut less = good;
    less.as_object_mut().unwrap().remove("tests");
    assert_eq!(violations(&schema, &less).len(), 1);
}
