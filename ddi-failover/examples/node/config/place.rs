//! Mistakes in the file, with their line.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

/// A value that knows where it stands in the file.
pub type At<T> = toml::Spanned<T>;

/// The value, if there is one.
pub fn value<T: Copy>(at: &Option<At<T>>) -> Option<T> {
    at.as_ref().map(|at| *at.get_ref())
}

/// What is wrong, and at which bytes of the file.
pub struct Fault {
    span: Range<usize>,
    what: String,
}

impl Fault {
    /// `what` is wrong with `at`.
    pub fn new<T>(at: &At<T>, what: impl Into<String>) -> Self {
        Self::at(at.span(), what)
    }

    /// `what` is wrong with these bytes.
    pub fn at(span: Range<usize>, what: impl Into<String>) -> Self {
        Self { span, what: what.into() }
    }
}

/// The file, without its text: there may be thousands of zones in it.
pub struct Source {
    path: PathBuf,
    shown: String,
    /// Where each line but the first begins.
    lines: Vec<usize>,
}

impl Source {
    /// With its text.
    pub fn read(path: &Path) -> Result<(Self, String), Mistake> {
        let shown = path.display().to_string();
        match fs::read_to_string(path).and_then(|text| Ok((text, fs::canonicalize(path)?))) {
            Ok((text, path)) => {
                let lines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
                Ok((Self { path, shown, lines: lines.collect() }, text))
            }
            Err(e) => Err(Mistake { place: shown, what: e.to_string() }),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the TOML reader did not like.
    pub fn syntax(&self, error: &toml::de::Error) -> Mistake {
        let what = error.message().replace('\n', ", ");
        Mistake { place: self.place(error.span().unwrap_or_default().start), what }
    }

    /// What the checks did not like.
    pub fn fault(&self, fault: &Fault) -> Mistake {
        Mistake { place: self.place(fault.span.start), what: fault.what.clone() }
    }

    fn place(&self, offset: usize) -> String {
        let line = 1 + self.lines.partition_point(|begin| *begin <= offset);
        format!("{}:{line}", self.shown)
    }
}

/// A file that can't be used: `FILE:LINE: what`.
#[derive(Debug)]
pub struct Mistake {
    place: String,
    what: String,
}

impl Mistake {
    /// In a file that this one names.
    pub fn elsewhere(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}
