//! A value in words, for traces: short, on one line.

use std::fmt;

use super::Value;

/// Elements of a sequence, and bytes, that are written out; of longer ones the rest is only counted.
const SHOWN_MAX: usize = 24;

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("-"),
            Self::Bool(bool) => write!(f, "{bool}"),
            Self::Int(int) => write!(f, "{int}"),
            Self::Float(float) => write!(f, "{float}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Bytes(bytes) => show_bytes(f, bytes, 0),
            Self::Beginning(value, more) => show_beginning(f, value, *more),
            Self::Seq(elements) => show_list(f, "[", elements, "]", |f, element| write!(f, "{element}")),
            Self::Map(entries) => {
                show_list(f, "{", entries, "}", |f, (key, value)| write!(f, "{key}: {value}"))
            }
            Self::Struct(name, fields) => {
                write!(f, "{name} ")?;
                show_list(f, "{", fields, "}", |f, (key, value)| write!(f, "{key}: {value}"))
            }
            Self::Variant(name, content) => match &**content {
                Self::Nothing => f.write_str(name),
                Self::Struct(..) => write!(f, "{content}"),
                content => write!(f, "{name}({content})"),
            },
        }
    }
}

/// The beginning of something, of which there are `more` elements.
fn show_beginning(f: &mut fmt::Formatter<'_>, value: &Value, more: usize) -> fmt::Result {
    match value {
        Value::Bytes(bytes) => show_bytes(f, bytes, more),
        Value::Seq(elements) => {
            show_list_of(f, "[", elements, "]", more, |f, element| write!(f, "{element}"))
        }
        Value::Map(entries) => {
            show_list_of(f, "{", entries, "}", more, |f, (key, value)| write!(f, "{key}: {value}"))
        }
        other => write!(f, "{other}"),
    }
}

fn show_bytes(f: &mut fmt::Formatter<'_>, bytes: &[u8], more: usize) -> fmt::Result {
    let shown = &bytes[..bytes.len().min(SHOWN_MAX)];
    write!(f, "b\"{}\"", shown.escape_ascii())?;
    let left_out = bytes.len() - shown.len() + more;
    if left_out > 0 {
        write!(f, " and {left_out} bytes more")?;
    }
    Ok(())
}

fn show_list<T>(
    f: &mut fmt::Formatter<'_>,
    open: &str,
    items: &[T],
    close: &str,
    show: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    show_list_of(f, open, items, close, 0, show)
}

fn show_list_of<T>(
    f: &mut fmt::Formatter<'_>,
    open: &str,
    items: &[T],
    close: &str,
    more: usize,
    show: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    f.write_str(open)?;
    for (place, item) in items.iter().take(SHOWN_MAX).enumerate() {
        f.write_str(if place == 0 { "" } else { ", " })?;
        show(f, item)?;
    }
    let left_out = items.len().saturating_sub(SHOWN_MAX) + more;
    if left_out > 0 {
        write!(f, ", and {left_out} more")?;
    }
    f.write_str(close)
}
