//! The parser: text in, records out, files in files.

use super::fault::{Halt, ZoneFileError, ZoneFileFault as Fault};
use super::generate::{GENERATE_BYTES_MAX, Generate};
use super::line::{Context, Inclusion, Line, Row};
use super::scan::{NameBuffer, Scan};
use crate::delta::RecordRef;
use crate::name::{Name, NameRef};
use crate::rr::Class;
use std::sync::Arc;

/// Most files in one another.
pub const INCLUDE_MAX: usize = 16;
/// Most bytes of text that one record may take, comments in its parentheses included.
pub const RECORD_TEXT_MAX: usize = 1 << 20;

/// What a parser starts with.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "all that a parser can be told")]
pub struct Config {
    /// The file's name, for errors.
    pub file: String,
    /// What relative names are relative to, until $ORIGIN says otherwise: the zone's apex.
    pub origin: Name,
    /// The ttl of records without one, in seconds, until $TTL says otherwise.
    pub ttl: Option<u32>,
}

impl Config {
    /// For the text of the zone `origin`, which must state its ttls.
    #[must_use]
    pub fn new(file: &str, origin: NameRef<'_>) -> Self {
        Self { file: file.into(), origin: origin.to_name(), ttl: None }
    }
}

/// A file that $INCLUDE asks for. The text that is pushed next is its.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Include {
    /// The file as it is written.
    pub file: Arc<str>,
    /// The file that asks.
    pub from: Arc<str>,
}

impl Include {
    /// The file if its path stays below the folder that it is relative to: not absolute, no `..`, no
    /// drive. Links in that folder are the caller's matter.
    #[must_use]
    pub fn path_below(&self) -> Option<&str> {
        let is_inside = |part: &str| !matches!(part, "" | "..") && !part.contains(['\0', ':']);
        self.file.split(['/', '\\']).all(is_inside).then_some(&self.file)
    }
}

/// What a parser wants or has.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::exhaustive_enums, reason = "a caller must handle each")]
pub enum Step<'a> {
    /// A record of class IN, its data in the layout of its type.
    Record(RecordRef<'a>),
    /// Text is needed: [`Parser::push`] some of the file that was not yet ended, or [`Parser::end`] it.
    Text,
    /// A file is asked for: push its text and end it, or [`Parser::refuse`] it.
    Include(Include),
    /// All was read, or what follows a fatal error can't be.
    End,
}

/// Reads a zone file from text that comes piece by piece. It holds the text that was pushed and not yet
/// read, and one record.
pub struct Parser {
    /// The innermost last. Empty at the end.
    files: Vec<Source>,
    row: Row,
    generate: Option<Box<Generate>>,
    /// The line that $GENERATE made.
    line: Vec<u8>,
    generated_bytes: usize,
    /// The file that was read to its end last, and its last line.
    ended: (Arc<str>, u64),
}

/// A file being read.
struct Source {
    name: Arc<str>,
    context: Context,
    /// Read up to `at`; whole lines up to `ready`.
    text: Vec<u8>,
    at: usize,
    ready: usize,
    /// The number of the line at `at`.
    line: u64,
    has_ended: bool,
    /// How long the unread text must be before a record that it ended in is tried again: twice what it was.
    wanted: usize,
    /// Where the directive is that is being obeyed.
    directive: (u64, u64),
    /// The line of the last record.
    record: u64,
}

enum Found {
    Record,
    Text,
    Include(Include),
    End,
}

impl Parser {
    /// A parser that wants text.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let context = Context {
            origin: NameBuffer::of(config.origin.as_ref()),
            owner: NameBuffer::none(),
            default_ttl: config.ttl,
            last_ttl: None,
            class: Class::IN,
        };
        Self {
            files: vec![Source::new(config.file.as_str().into(), context)],
            row: Row::new(),
            generate: None,
            line: Vec::new(),
            generated_bytes: 0,
            ended: (config.file.as_str().into(), 0),
        }
    }

    /// Takes more text of the innermost file. Pieces of some 64 KiB cost the least.
    pub fn push(&mut self, text: &[u8]) {
        if let Some(file) = self.files.last_mut().filter(|file| !file.has_ended) {
            file.push(text);
        }
    }

    /// The innermost file has no more text.
    pub fn end(&mut self) {
        if let Some(file) = self.files.last_mut() {
            file.end();
        }
    }

    /// The file that was asked for can't be opened, or must not be. Gives the error, which is fatal.
    pub fn refuse(&mut self, reason: &str) -> ZoneFileError {
        let asked = self.files.pop();
        let from = self.files.last().or(asked.as_ref());
        let error = ZoneFileError {
            file: from.map_or_else(|| "".into(), |file| file.name.clone()),
            line: from.map_or(0, |file| file.directive.0),
            column: from.map_or(0, |file| file.directive.1),
            fault: Fault::Include(reason.into()),
            is_fatal: true,
        };
        self.files.clear();
        error
    }

    /// What there is against the record that was read last, or, at the end, against all of them, with the
    /// place of that record or of the end. The parser can go on.
    #[must_use]
    pub fn place(&self, fault: impl Into<Fault>) -> ZoneFileError {
        let (file, (line, column)) = match self.files.last() {
            Some(file) if self.generate.is_some() => (&file.name, file.directive),
            Some(file) => (&file.name, (file.record, 1)),
            None => (&self.ended.0, (self.ended.1, 1)),
        };
        ZoneFileError { file: file.clone(), line, column, fault: fault.into(), is_fatal: false }
    }

    /// The next record, or what the parser wants. After an error that is not fatal it goes on behind it.
    pub fn step(&mut self) -> Result<Step<'_>, ZoneFileError> {
        match self.find() {
            Ok(Found::Record) => Ok(Step::Record(self.record())),
            Ok(Found::Text) => Ok(Step::Text),
            Ok(Found::Include(include)) => Ok(Step::Include(include)),
            Ok(Found::End) => Ok(Step::End),
            Err(error) => {
                if error.is_fatal {
                    self.files.clear();
                    self.generate = None;
                }
                Err(error)
            }
        }
    }

    fn record(&self) -> RecordRef<'_> {
        let owner = self.files.last().map_or(NameRef::ROOT, |file| file.context.owner.name());
        RecordRef::new(owner, self.row.rtype, self.row.ttl, &self.row.rdata)
    }

    fn find(&mut self) -> Result<Found, ZoneFileError> {
        loop {
            if self.generate.is_some() {
                if self.find_generated()? {
                    return Ok(Found::Record);
                }
                continue;
            }
            let Some(file) = self.files.last_mut() else { return Ok(Found::End) };
            match file.read(&mut self.row)? {
                Some(Line::Nothing) => {}
                Some(Line::Record) => return Ok(Found::Record),
                Some(Line::Generate(generate)) => self.generate = Some(generate),
                Some(Line::Include(inclusion)) => return self.include(*inclusion),
                None if file.has_ended => {
                    self.ended = (file.name.clone(), file.line);
                    self.files.pop();
                }
                None => return Ok(Found::Text),
            }
        }
    }

    /// The next record that $GENERATE makes; false if there is none.
    fn find_generated(&mut self) -> Result<bool, ZoneFileError> {
        let (Some(generate), Some(file)) = (&mut self.generate, self.files.last_mut()) else {
            self.generate = None;
            return Ok(false);
        };
        let read = match generate.expand(&mut self.line) {
            Ok(false) => {
                self.generate = None;
                return Ok(false);
            }
            Ok(true) => {
                self.generated_bytes += self.line.len();
                let is_bounded = self.generated_bytes <= GENERATE_BYTES_MAX;
                let read = file.context.read(&mut Scan::new(&self.line), &mut self.row);
                if is_bounded { read } else { Err(Fault::Generate("too much text in all").into()) }
            }
            Err(fault) => Err(fault.into()),
        };
        let fault = match read {
            Ok(Line::Record) => return Ok(true),
            Ok(_) => Fault::Generate("only records can be made"),
            Err(Halt::More) => Fault::Unclosed,
            Err(Halt::Fault(fault)) => fault,
        };
        let (line, column) = file.directive;
        Err(ZoneFileError { file: file.name.clone(), line, column, fault, is_fatal: true })
    }

    fn include(&mut self, inclusion: Inclusion) -> Result<Found, ZoneFileError> {
        let is_full = self.files.len() >= INCLUDE_MAX;
        let Some(from) = self.files.last() else { return Ok(Found::End) };
        let fault = match String::from_utf8(inclusion.file) {
            Ok(_) if is_full => Fault::IncludeDepth,
            Ok(name) => {
                let mut context = from.context.clone();
                if let Some(origin) = inclusion.origin {
                    context.origin = origin;
                }
                let name: Arc<str> = name.into();
                let include = Include { file: name.clone(), from: from.name.clone() };
                self.files.push(Source::new(name, context));
                return Ok(Found::Include(include));
            }
            Err(_) => Fault::Expected("a file name in UTF-8"),
        };
        let (line, column) = from.directive;
        Err(ZoneFileError { file: from.name.clone(), line, column, fault, is_fatal: true })
    }
}

impl Source {
    const fn new(name: Arc<str>, context: Context) -> Self {
        Self {
            name,
            context,
            text: Vec::new(),
            at: 0,
            ready: 0,
            line: 1,
            has_ended: false,
            wanted: 0,
            directive: (0, 0),
            record: 0,
        }
    }

    fn push(&mut self, text: &[u8]) {
        if self.at > 0 {
            self.text.drain(..self.at);
            self.ready -= self.at;
            self.at = 0;
        }
        let end = text.iter().rposition(|&byte| byte == b'\n');
        if let Some(end) = end {
            self.ready = self.text.len() + end + 1;
        }
        self.text.extend_from_slice(text);
    }

    fn end(&mut self) {
        if !self.has_ended {
            self.has_ended = true;
            if self.text.last().is_some_and(|&byte| byte != b'\n') {
                self.text.push(b'\n');
            }
            self.ready = self.text.len();
        }
    }

    /// The next record or directive; `None` if the text ends before or in it.
    fn read(&mut self, row: &mut Row) -> Result<Option<Line>, ZoneFileError> {
        let text = &self.text[self.at..self.ready];
        if text.is_empty() || (text.len() < self.wanted && !self.has_ended) {
            return self.lack(0);
        }
        let mut scan = Scan::new(text);
        let (len, read) = match self.context.read(&mut scan, row) {
            Ok(line) => (scan.len(), Ok(line)),
            Err(Halt::More) => return self.lack(scan.word_at()),
            Err(Halt::Fault(fault)) => {
                let is_fatal = text[0] == b'$' || matches!(fault, Fault::Parenthesis);
                match Scan::recover(text) {
                    Ok(len) => (len, Err((fault, scan.word_at(), is_fatal))),
                    Err(_) if self.has_ended || is_fatal => (text.len(), Err((fault, scan.word_at(), true))),
                    Err(_) => return self.lack(scan.word_at()),
                }
            }
        };
        let line = match read {
            Ok(line) => line,
            Err((fault, at, is_fatal)) => {
                let error = self.error(at, fault, is_fatal);
                self.advance(len);
                return Err(error);
            }
        };
        match line {
            Line::Nothing => {}
            Line::Record => self.record = self.line,
            _ => self.directive = (self.line, 1),
        }
        self.advance(len);
        Ok(Some(line))
    }

    /// The text ends too early: more is needed, or there is none.
    fn lack(&mut self, at: usize) -> Result<Option<Line>, ZoneFileError> {
        let unread = self.text.len() - self.at;
        if self.has_ended {
            return if unread == 0 { Ok(None) } else { Err(self.error(at, Fault::Unclosed, true)) };
        }
        if unread > RECORD_TEXT_MAX {
            return Err(self.error(at, Fault::RecordTooLong, true));
        }
        if self.ready > self.at && self.wanted <= self.ready - self.at {
            self.wanted = 2 * (self.ready - self.at);
        }
        Ok(None)
    }

    fn advance(&mut self, len: usize) {
        let lines = self.text[self.at..self.at + len].iter().filter(|&&byte| byte == b'\n').count();
        self.line += lines as u64;
        self.at += len;
        self.wanted = 0;
    }

    fn error(&self, at: usize, fault: Fault, is_fatal: bool) -> ZoneFileError {
        let before = &self.text[self.at..self.at + at];
        let lines = before.iter().filter(|&&byte| byte == b'\n').count();
        let line_at = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        ZoneFileError {
            file: self.name.clone(),
            line: self.line + lines as u64,
            column: (at - line_at) as u64 + 1,
            fault,
            is_fatal,
        }
    }
}
