//! Just enough of Rust's lexical grammar to judge a source file without compiling it.

/// A source file, split in three of the same line numbers: what is left blank belongs to another.
pub(crate) struct Source {
    /// Path from the workspace's root, with `/`.
    pub(crate) path: String,
    /// The code: comments and the insides of string and character literals are spaces.
    pub(crate) code: String,
    /// The comments' text: everything else, and what stands in back quotes, is spaces.
    pub(crate) comments: String,
}

/// Where a function begins and ends.
pub(crate) struct Function {
    pub(crate) name: String,
    /// Line of the `fn`, from 1.
    pub(crate) line: usize,
    /// Lines from there to the closing brace, both counted.
    pub(crate) lines: usize,
}

impl Source {
    pub(crate) fn new(path: String, text: &str) -> Self {
        let mut splitter = Splitter { text: text.as_bytes(), at: 0, code: Vec::new(), comments: Vec::new() };
        splitter.run();
        let own = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { path, code: own(splitter.code), comments: without_code_spans(&own(splitter.comments)) }
    }

    /// The code without its unit tests: what is shipped.
    pub(crate) fn shipped_code(&self) -> String {
        let mut code = self.code.clone();
        while let Some(at) = code.find("#[cfg(test)]") {
            let end = match block_after(&code, at) {
                Some((_, end)) => end,
                None => code[at..].find('\n').map_or(code.len(), |n| at + n),
            };
            let blank = code[at..end].replace(|c| c != '\n', " ");
            code.replace_range(at..end, &blank);
        }
        code
    }

    pub(crate) fn functions(&self) -> Vec<Function> {
        let mut found = Vec::new();
        for (at, word) in words(&self.code) {
            if word != "fn" {
                continue;
            }
            let Some((_, name)) = words(&self.code[at + 2..]).next() else { continue };
            // `fn(u8) -> u8` is a type.
            if self.code[at + 2..].trim_start().starts_with('(') {
                continue;
            }
            if let Some((_, end)) = block_after(&self.code, at) {
                let lines = self.code[at..end].matches('\n').count() + 1;
                found.push(Function { name: name.to_owned(), line: line_of(&self.code, at), lines });
            }
        }
        found
    }
}

/// The line that the byte at `at` is on, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Every word (identifier, keyword or number) with where it starts.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_word)?;
        let end = text[start..].find(|c| !is_word(c)).map_or(text.len(), |n| start + n);
        at = end;
        Some((start, &text[start..end]))
    })
}

/// The parts of an identifier, in lower case: `LeaseDb` and `lease_db` both give `lease`, `db`.
pub(crate) fn parts(word: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut previous_lower = false;
    for c in word.chars() {
        if c == '_' {
            previous_lower = false;
            parts.push(String::new());
            continue;
        }
        if parts.is_empty() || (c.is_ascii_uppercase() && previous_lower) {
            parts.push(String::new());
        }
        previous_lower = !c.is_ascii_uppercase();
        parts.last_mut().expect("just pushed").push(c.to_ascii_lowercase());
    }
    parts.retain(|p| !p.is_empty());
    parts
}

/// The first `{ ... }` after `at` that is not inside parentheses or brackets, from the opening brace
/// to behind the closing one. `None` if a `;` comes first: a declaration without a body.
fn block_after(code: &str, at: usize) -> Option<(usize, usize)> {
    let mut depth = 0_i32;
    let mut open = None;
    let mut braces = 0_i32;
    for (i, b) in code.bytes().enumerate().skip(at) {
        match b {
            b'{' if open.is_some() || depth == 0 => {
                open = open.or(Some(i));
                braces += 1;
            }
            b'}' if open.is_some() => {
                braces -= 1;
                if braces == 0 {
                    return open.map(|o| (o, i + 1));
                }
            }
            b'(' | b'[' if open.is_none() => depth += 1,
            b')' | b']' if open.is_none() => depth -= 1,
            b';' if open.is_none() && depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Blanks what stands in back quotes: names of other programs' things may be quoted.
fn without_code_spans(comments: &str) -> String {
    let mut out = String::with_capacity(comments.len());
    for line in comments.split_inclusive('\n') {
        let mut inside = false;
        for c in line.chars() {
            if c == '`' {
                inside = !inside;
            }
            out.push(if inside && c != '\n' { ' ' } else { c });
        }
    }
    out
}

/// Copies each byte to code or to comments, and a blank to the other.
struct Splitter<'a> {
    text: &'a [u8],
    at: usize,
    code: Vec<u8>,
    comments: Vec<u8>,
}

impl Splitter<'_> {
    fn run(&mut self) {
        while let Some(&b) = self.text.get(self.at) {
            let rest = &self.text[self.at..];
            if rest.starts_with(b"//") {
                let len = rest.iter().position(|&c| c == b'\n').unwrap_or(rest.len());
                self.comment(len);
            } else if rest.starts_with(b"/*") {
                self.comment(block_comment_len(rest));
            } else if let Some(len) = raw_string_len(rest, self.after_word()) {
                self.literal(len);
            } else if b == b'"' {
                self.literal(string_len(rest));
            } else if let Some(len) = char_len(rest) {
                self.literal(len);
            } else {
                self.code.push(b);
                self.comments.push(if b == b'\n' { b } else { b' ' });
                self.at += 1;
            }
        }
    }

    /// Is the byte before part of a word? Then an `r` here begins no raw string.
    fn after_word(&self) -> bool {
        self.at > 0 && (self.text[self.at - 1].is_ascii_alphanumeric() || self.text[self.at - 1] == b'_')
    }

    fn comment(&mut self, len: usize) {
        let text = &self.text[self.at..self.at + len];
        self.comments.extend_from_slice(text);
        self.code.extend(text.iter().map(|&c| if c == b'\n' { c } else { b' ' }));
        self.at += len;
    }

    /// A literal keeps its quotes in the code and nothing of its inside.
    fn literal(&mut self, len: usize) {
        let text = &self.text[self.at..self.at + len];
        for (i, &c) in text.iter().enumerate() {
            let edge = i == 0 || i + 1 == len;
            self.code.push(if edge || c == b'\n' { c } else { b' ' });
            self.comments.push(if c == b'\n' { c } else { b' ' });
        }
        self.at += len;
    }
}

fn block_comment_len(text: &[u8]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

fn string_len(text: &[u8]) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// `r"..."`, `r#"..."#`, `br#"..."#`; the quotes of `b"..."` are a plain string's.
fn raw_string_len(text: &[u8], after_word: bool) -> Option<usize> {
    if after_word {
        return None;
    }
    let r = match text {
        [b'r', ..] => 1,
        [b'b' | b'c', b'r', ..] => 2,
        _ => return None,
    };
    let hashes = text[r..].iter().take_while(|&&c| c == b'#').count();
    if text.get(r + hashes) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.extend(std::iter::repeat_n(b'#', hashes));
    let inside = r + hashes + 1;
    let end = text[inside..].windows(close.len()).position(|w| w == close)?;
    Some(inside + end + close.len())
}

/// `'x'` or `'\n'`, but not the lifetime `'a`.
fn char_len(text: &[u8]) -> Option<usize> {
    match text {
        [b'\'', b'\\', _, rest @ ..] => rest.iter().position(|&c| c == b'\'').map(|n| n + 4),
        [b'\'', c, b'\'', ..] if *c != b'\'' => Some(3),
        _ => None,
    }
}

#[test]
fn splits_code_from_comments_and_literals() {
    let text = "let a = \"fn x() { // }\"; // `record` kept: peer\nlet b = 'x'; let c = r#\"\"}\"#; /* {{ */ fn f<'a>() {}\n";
    let source = Source::new("x.rs".to_owned(), text);
    assert_eq!(source.code.matches('{').count(), 1, "{}", source.code);
    assert!(!source.comments.contains("record") && source.comments.contains("peer"));
    assert!(!source.code.contains("peer"));
    assert_eq!(source.functions().len(), 1);
    assert_eq!(parts("LeaseDbV4_of"), ["lease", "db", "v4", "of"]);
}

#[test]
fn measures_functions_and_leaves_unit_tests_out() {
    let text = "fn a(x: [u8; 3]) -> u8 {\n  1\n}\ntrait T { fn b(); }\n#[cfg(test)]\nmod tests {\n fn c() {}\n}\nfn d() {}\n";
    let source = Source::new("x.rs".to_owned(), text);
    let functions: Vec<_> = source.functions().into_iter().map(|f| (f.name, f.line, f.lines)).collect();
    assert_eq!(functions, [("a".to_owned(), 1, 3), ("c".to_owned(), 7, 1), ("d".to_owned(), 9, 1)]);
    assert!(!source.shipped_code().contains("fn c") && source.shipped_code().contains("fn d"));
}
