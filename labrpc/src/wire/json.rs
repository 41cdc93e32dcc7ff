//! A tree as JSON, for traces that other programs read, and back.
//!
//! | a tree has | JSON has |
//! |---|---|
//! | a struct, a map whose keys are texts | an object |
//! | another map | a list of pairs |
//! | a variant that carries nothing | its name |
//! | a variant that carries something | an object with its name as the only key |
//! | bytes that are UTF-8, as far as they are there | a string |
//! | other bytes | a string with `\x` escapes |
//! | the beginning of something long | `{"beginning": ..., "more": 17}` |
//!
//! Names of structs are left out. What is read back shows as the same JSON again, in the same order.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Value;

/// Writes a tree.
pub(crate) struct Json<'a>(pub(crate) &'a Value);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Nothing => out.serialize_unit(),
            Value::Bool(bool) => out.serialize_bool(*bool),
            Value::Int(int) => out.serialize_i128(*int),
            Value::Float(float) => out.serialize_f64(*float),
            Value::Text(text) => out.serialize_str(text),
            Value::Bytes(bytes) => out.serialize_str(&text_of(bytes)),
            Value::Seq(elements) => out.collect_seq(elements.iter().map(Json)),
            Value::Map(pairs) if pairs.iter().all(|(key, _)| matches!(key, Value::Text(_))) => {
                let mut map = out.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs {
                    if let Value::Text(key) = key {
                        map.serialize_entry(key, &Json(value))?;
                    }
                }
                map.end()
            }
            Value::Map(pairs) => out.collect_seq(pairs.iter().map(|(key, value)| (Json(key), Json(value)))),
            Value::Struct(_, fields) => out.collect_map(fields.iter().map(|(key, value)| (key, Json(value)))),
            Value::Variant(name, content) if **content == Value::Nothing => out.serialize_str(name),
            Value::Variant(name, content) => out.collect_map([(name, Json(content))]),
            Value::Beginning(beginning, more) => {
                let mut map = out.serialize_map(Some(2))?;
                map.serialize_entry("beginning", &Json(beginning))?;
                map.serialize_entry("more", more)?;
                map.end()
            }
        }
    }
}

/// Bytes as people read them. A character that the end of a beginning has cut is left out.
fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(error) if error.error_len().is_none() => {
            String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned()
        }
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

/// Reads what [`Json`] has written. Objects become maps.
pub(crate) struct FromJson(pub(crate) Value);

impl<'de> Deserialize<'de> for FromJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree).map(Self)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Value, E> {
        Ok(Value::Bool(bool))
    }

    fn visit_i64<E>(self, int: i64) -> Result<Value, E> {
        Ok(Value::Int(int.into()))
    }

    fn visit_u64<E>(self, int: u64) -> Result<Value, E> {
        Ok(Value::Int(int.into()))
    }

    fn visit_f64<E>(self, float: f64) -> Result<Value, E> {
        Ok(Value::Float(float))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(FromJson(element)) = elements.next_element()? {
            list.push(element);
        }
        Ok(Value::Seq(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some((key, FromJson(value))) = entries.next_entry::<String, _>()? {
            pairs.push((Value::Text(key), value));
        }
        Ok(Value::Map(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: &Value) -> String {
        serde_json::to_string(&Json(value)).expect("any tree can be written")
    }

    #[test]
    fn tree_becomes_json_with_names_in_their_order() {
        let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
        let tree = Value::Struct(
            "Args",
            vec![
                ("term", Value::Int(3)),
                ("entry", bytes("k\u{e4}se\"<".as_bytes())),
                ("raw", bytes(b"\xff\x00a")),
                ("cut", Value::Beginning(Box::new(bytes(b"a\xc3")), 7)),
                ("kind", Value::Variant("Own", Box::new(Value::Nothing))),
                ("other", Value::Variant("Of", Box::new(Value::Int(1)))),
                ("map", Value::Map(vec![(Value::Int(1), Value::Bool(true))])),
                ("none", Value::Nothing),
            ],
        );
        let text = json(&tree);
        assert_eq!(
            text,
            "{\"term\":3,\"entry\":\"k\u{e4}se\\\"<\",\"raw\":\"\\\\xff\\\\x00a\",\"cut\":{\"beginning\":\"a\",\
             \"more\":7},\"kind\":\"Own\",\"other\":{\"Of\":1},\"map\":[[1,true]],\"none\":null}"
        );
        let FromJson(back) = serde_json::from_str(&text).expect("JSON");
        assert_eq!(json(&back), text);
    }
}
