//! Rust source as tokens: what is left of it when nobody's names, comments, numbers and spaces count.

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// What it is.
    pub(crate) kind: Kind,
    /// As it is written; of a raw identifier without `r#`.
    pub(crate) text: &'a str,
    /// Its line, from 1.
    pub(crate) line: u32,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword or an identifier.
    Word,
    /// A lifetime or label.
    Lifetime,
    /// A number.
    Number,
    /// A string of any kind, or a character.
    Text,
    /// One sign.
    Sign,
}

/// The tokens of a source. Whatever it is, each byte is looked at once.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { source, place: 0, line: 1 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next() {
        tokens.push(token);
    }
    tokens
}

struct Lexer<'a> {
    source: &'a str,
    place: usize,
    line: u32,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.place..]
    }

    /// Goes on by so many bytes.
    fn skip(&mut self, bytes: usize) -> &'a str {
        let text = &self.rest()[..bytes];
        self.line += text.bytes().filter(|byte| *byte == b'\n').count() as u32;
        self.place += bytes;
        text
    }

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = self.rest();
            let first = rest.chars().next()?;
            let blank = match rest {
                _ if is_white(first) => first.len_utf8(),
                _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
                _ if rest.starts_with("/*") => block_comment(rest),
                _ => break,
            };
            self.skip(blank);
        }
        let line = self.line;
        let (kind, bytes) = measure(self.rest());
        let text = self.skip(bytes);
        Some(Token {
            kind,
            text: text.strip_prefix("r#").filter(|_| kind == Kind::Word).unwrap_or(text),
            line,
        })
    }
}

/// Whether it only separates tokens: also the two marks of direction that Rust counts there and Unicode does not.
fn is_white(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200e}' | '\u{200f}')
}

/// The length of a block comment; they nest.
fn block_comment(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut place) = (0, 0);
    while place < bytes.len() {
        match &bytes[place..bytes.len().min(place + 2)] {
            b"/*" => (depth, place) = (depth + 1, place + 2),
            b"*/" => (depth, place) = (depth - 1, place + 2),
            _ => place += 1,
        }
        if depth == 0 {
            return place;
        }
    }
    bytes.len()
}

/// What a text begins with, and how many bytes that has.
fn measure(text: &str) -> (Kind, usize) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let word = |text: &str| text.find(|c| !is_word(c)).unwrap_or(text.len());
    let first = text.chars().next().unwrap_or(' ');
    if first == '"' {
        return (Kind::Text, quoted(text, '"'));
    }
    if first == '\'' {
        let mut after = text.chars().skip(1);
        let (second, third) = (after.next(), after.next());
        // A character is one, or is escaped. All else is no more than a name, whatever letters there are: what is taken for a
        // character by mistake would hide all up to the next quote.
        return match (second, third) {
            (Some('\\'), _) | (Some(_), Some('\'')) => (Kind::Text, quoted(text, '\'')),
            _ => (Kind::Lifetime, 1 + word(&text[1..])),
        };
    }
    if first.is_ascii_digit() {
        let whole = word(text);
        // `1.5`, but not `1..5` and `1.max(2)`.
        let fraction =
            text[whole..].strip_prefix('.').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        return (Kind::Number, whole + fraction.map_or(0, |rest| 1 + word(rest)));
    }
    if is_word(first) {
        let length = word(text);
        let rest = &text[length..];
        return match &text[..length] {
            "r" | "br" | "cr" if rest.starts_with(['"', '#']) => match raw_string(rest) {
                Some(raw) => (Kind::Text, length + raw),
                // A raw identifier; or a word and a sign, in what is no Rust.
                None if rest[1..].starts_with(is_word) => (Kind::Word, length + 1 + word(&rest[1..])),
                None => (Kind::Word, length),
            },
            "b" | "c" if rest.starts_with('"') => (Kind::Text, length + quoted(rest, '"')),
            "b" if rest.starts_with('\'') => (Kind::Text, length + quoted(rest, '\'')),
            _ => (Kind::Word, length),
        };
    }
    (Kind::Sign, first.len_utf8())
}

/// The length of a text in quotes, with what is escaped in it.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (place, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return place + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// The length of `#"..."#`; `None` if it is no string.
fn raw_string(text: &str) -> Option<usize> {
    let signs = text.find(|c| c != '#').unwrap_or(text.len());
    let body = text[signs..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(signs));
    Some(body.find(&end).map_or(text.len(), |place| signs + 1 + place + end.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(source: &str) -> String {
        let tokens = tokens(source);
        tokens.iter().map(|token| format!("{:?}:{}", token.kind, token.text)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn source_is_read_as_rust_reads_it() {
        for (source, wanted) in [
            ("let x = 1.5;", "Word:let Word:x Sign:= Number:1.5 Sign:;"),
            (
                "0..n 1.max(2)",
                "Number:0 Sign:. Sign:. Word:n Number:1 Sign:. Word:max Sign:( Number:2 Sign:)",
            ),
            ("0x_ff_u8 /* a /* b */ c */ // d\ny", "Number:0x_ff_u8 Word:y"),
            (
                "'a' '\\'' 'a 'static b'x' '('",
                "Text:'a' Text:'\\'' Lifetime:'a Lifetime:'static Text:b'x' Text:'('",
            ),
            (
                r####"r#"a"b"# r"x" br##"y"#z"## c"q" r#match"####,
                r####"Text:r#"a"b"# Text:r"x" Text:br##"y"#z"## Text:c"q" Word:match"####,
            ),
            (r#""a\"b" b"c""#, r#"Text:"a\"b" Text:b"c""#),
            ("größe\u{a0}名", "Word:größe Word:名"),
            ("'\u{2118} x 'y'", "Lifetime:' Sign:\u{2118} Word:x Text:'y'"),
            ("a\u{200e}b\u{200f}", "Word:a Word:b"),
            ("r#'a r#", "Word:r Sign:# Lifetime:'a Word:r Sign:#"),
            ("/* never ends", ""),
            ("\"never ends", "Text:\"never ends"),
        ] {
            assert_eq!(told(source), wanted, "{source}");
        }
        let lines: Vec<u32> = tokens("a\n/*\n*/ b \"\n\" c").iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 3, 3, 4]);
    }

    proptest! {
        #[test]
        fn any_text_has_tokens(source in "[a-z'\"#/*\\\\ rbc0-9.\n{}é]{0,60}") {
            let tokens = tokens(&source);
            prop_assert!(tokens.iter().all(|token| !token.text.is_empty()));
        }
    }
}
