//! Mistakes in the file, with their line.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

/// A value that knows where it stands in the file.
pub type At<T> = toml::Spanned<T>;

/// What is wrong, and at which bytes of the file.
pub struct Fault {
    span: Range<usize>,
    what: String,
}

impl Fault {
    /// `what` is wrong with `at`.
    pub fn new<T>(at: &At<T>, what: impl Into<String>) -> Self {
        Self { span: at.span(), what: what.into() }
    }
}

/// The file's text.
pub struct Source {
    path: PathBuf,
    shown: String,
    text: String,
}

impl Source {
    pub fn read(path: &Path) -> Result<Self, Mistake> {
        let shown = path.display().to_string();
        match fs::read_to_string(path).and_then(|text| Ok((text, fs::canonicalize(path)?))) {
            Ok((text, path)) => Ok(Self { path, shown, text }),
            Err(e) => Err(Mistake { place: shown, what: e.to_string() }),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn text(&self) -> &str {
        &self.text
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
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
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
