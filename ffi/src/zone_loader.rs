//! Zone files (RFC 1035 section 5): text in, a zone out. Text comes in pieces as the caller reads it; nothing
//! is opened here but by `ddi_zone_loader_read_file`.

use crate::dns_name::ddi_name;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_E_IO, DDI_E_STATE, DDI_E_ZONE, DDI_OK, ddi_status};
use crate::zone::{ZoneVersion, ddi_zone};
use ddi_dns::Rtype;
use ddi_dns::zone::Builder;
use ddi_dns::zonefile::{Config, Include, Parser, Step};
use std::ffi::c_char;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What is read of a file at once, in bytes.
const PIECE: usize = 64 << 10;

/// A zone that is being read.
pub(crate) struct Loader {
    parser: Parser,
    /// `None`: it was finished.
    builder: Option<Builder>,
    include: Option<Include>,
    /// The first fault, after which nothing more is taken.
    is_spoilt: bool,
}

/// Reads one zone. One call at a time.
pub struct ddi_zone_loader(Handle<Loader>);
noun!(ddi_zone_loader, Loader);

/// Text is wanted: `ddi_zone_loader_push` it, or `ddi_zone_loader_end` the file.
pub const DDI_LOADER_TEXT: u32 = 0;
/// A file is asked for by $INCLUDE (`ddi_zone_loader_include`): push its text and end it, or refuse it.
pub const DDI_LOADER_INCLUDE: u32 = 1;
/// All was read: `ddi_zone_loader_finish`.
pub const DDI_LOADER_DONE: u32 = 2;

/// A new one for the zone `apex`. `file` is the file's name for errors. Records must have TTLs, by $TTL or
/// each. Caller owns: `ddi_zone_loader_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, not UTF-8).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_loader_new(
    apex: *const ddi_name,
    file: *const u8,
    file_len: usize,
    loader: *mut *mut ddi_zone_loader,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let (apex, file) = unsafe { (ddi_name::read(apex, "apex")?, slice::text(file, file_len, "file")?) };
        // SAFETY: the header's contract.
        let out = unsafe { Out::new(loader, "loader")? };
        let parser = Parser::new(&Config::new(file, apex));
        let builder = Some(Builder::new(apex));
        out.set(guard::give(Loader { parser, builder, include: None, is_spoilt: false }));
        Ok(DDI_OK)
    })
}

impl Loader {
    /// The zone so far, if more of it may come.
    fn open(&mut self) -> Result<&mut Builder, Failure> {
        let over = || Failure::new(DDI_E_STATE, "it is finished, or an earlier fault ended it");
        self.builder.as_mut().filter(|_| !self.is_spoilt).ok_or_else(over)
    }

    /// Takes all records that the text so far makes.
    fn run(&mut self) -> Result<u32, Failure> {
        self.open()?;
        let Self { parser, builder: Some(builder), include: asked, is_spoilt } = self else {
            return Ok(DDI_LOADER_DONE);
        };
        loop {
            let error = match parser.step() {
                Ok(Step::Record(record)) => {
                    match builder.push(record.owner, record.rtype, record.ttl, record.rdata) {
                        Ok(()) => continue,
                        Err(error) => parser.place(error),
                    }
                }
                Ok(Step::Text) => return Ok(DDI_LOADER_TEXT),
                Ok(Step::Include(include)) => {
                    *asked = Some(include);
                    return Ok(DDI_LOADER_INCLUDE);
                }
                Ok(Step::End) => return Ok(DDI_LOADER_DONE),
                Err(error) => error,
            };
            *is_spoilt = true;
            return Err(error.into());
        }
    }

    fn refuse(&mut self, reason: &str) -> Failure {
        self.is_spoilt = true;
        self.parser.refuse(reason).into()
    }

    fn read_file(&mut self, path: &str) -> Result<(), Failure> {
        let io = |path: &Path, e: std::io::Error| Failure::new(DDI_E_IO, format!("{}: {e}", path.display()));
        let path = Path::new(path);
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        self.open()?;
        let mut files = vec![(path.to_owned(), File::open(path).map_err(|e| io(path, e))?)];
        let mut piece = vec![0; PIECE];
        loop {
            match self.run()? {
                DDI_LOADER_TEXT => {
                    let Some((path, file)) = files.last_mut() else { return Ok(()) };
                    let len = file.read(&mut piece).map_err(|e| {
                        self.is_spoilt = true;
                        io(path, e)
                    })?;
                    self.parser.push(&piece[..len]);
                    if len == 0 {
                        self.parser.end();
                        files.pop();
                    }
                }
                DDI_LOADER_INCLUDE => {
                    let below =
                        self.include.take().as_ref().and_then(Include::path_below).map(|p| folder.join(p));
                    match below.map(|path| (File::open(&path), path)) {
                        Some((Ok(file), path)) => files.push((path, file)),
                        Some((Err(error), _)) => return Err(self.refuse(&error.to_string())),
                        None => return Err(self.refuse("it is not below the zone file's folder")),
                    }
                }
                _ => return Ok(()),
            }
        }
    }
}

/// Takes a piece of text; some 64 KiB at a time cost the least. `wanted` is one of `DDI_LOADER_...`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ZONE_FILE` (last_error says file, line and column; nothing more is taken),
/// `DDI_E_STATE` (finished, or after an error).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_loader_push(
    loader: *mut ddi_zone_loader,
    text: *const u8,
    text_len: usize,
    wanted: *mut u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(loader, |loader| {
            let (text, out) = (slice::bytes(text, text_len, "text")?, Out::new(wanted, "wanted")?);
            loader.open()?;
            loader.parser.push(text);
            out.set(loader.run()?);
            Ok(DDI_OK)
        })
    }
}

/// The file that is being read has no more text. After an included file the one that asked goes on.
///
/// Errors: as of `ddi_zone_loader_push`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_loader_end(loader: *mut ddi_zone_loader, wanted: *mut u32) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(loader, |loader| {
            let out = Out::new(wanted, "wanted")?;
            loader.open()?;
            loader.parser.end();
            out.set(loader.run()?);
            Ok(DDI_OK)
        })
    }
}

/// The path that $INCLUDE asks for, as it is written: a stranger's zone file may ask for anything.
/// `DDI_IDLE`: none is asked for.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_loader_include(
    loader: *const ddi_zone_loader,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(loader, |loader| {
            let mut out = Buffer::new(buf, cap, len)?;
            let Some(include) = &loader.include else { return Ok(crate::status::DDI_IDLE) };
            out.put(include.file.as_bytes())?;
            Ok(DDI_OK)
        })
    }
}

/// The file that was asked for can't or must not be read: the zone can't be loaded. Returns
/// `DDI_E_ZONE_FILE`; last_error says where the file was asked for, and `reason` (UTF-8).
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_STATE` (finished, or after an error).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_loader_refuse(
    loader: *mut ddi_zone_loader,
    reason: *const u8,
    reason_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(loader, |loader| {
            let reason = slice::text(reason, reason_len, "reason")?;
            loader.open()?;
            Err(loader.refuse(reason))
        })
    }
}

/// Reads a whole file, and those that it includes if their paths lie below its folder. For who has the file
/// on disk: instead of all the calls above.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_IO`, `DDI_E_ZONE_FILE`, `DDI_E_STATE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_loader_read_file(
    loader: *mut ddi_zone_loader,
    path: *const u8,
    path_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(loader, |loader| {
            let path = slice::text(path, path_len, "path")?;
            loader.read_file(path)?;
            Ok(DDI_OK)
        })
    }
}

/// Takes a record that is no text, for who has a zone in a database: `rdata` is its data in wire form, uncompressed,
/// `ttl` in seconds. One that can't be in the zone is not taken, and the zone goes on without it. After the last one
/// `ddi_zone_loader_end`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_ZONE` (it can't be in the zone), `DDI_E_STATE` (finished,
/// or after an error in a text).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_loader_add(
    loader: *mut ddi_zone_loader,
    owner: *const ddi_name,
    rtype: u16,
    ttl: u32,
    rdata: *const u8,
    rdata_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(loader, |loader| {
            let (owner, rdata) = (ddi_name::read(owner, "owner")?, slice::bytes(rdata, rdata_len, "rdata")?);
            loader.open()?.push(owner, Rtype(rtype), ttl, rdata)?;
            Ok(DDI_OK)
        })
    }
}

/// The zone, once all was read. The loader is of no more use. Caller owns the zone: `ddi_zone_free`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_STATE` (text is missing, an earlier fault, or finished before), `DDI_E_ZONE`
/// (no zone: it has no SOA).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_loader_finish(
    loader: *mut ddi_zone_loader,
    zone: *mut *mut ddi_zone,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(loader, |loader| {
            let out = Out::new(zone, "zone")?;
            if loader.run()? != DDI_LOADER_DONE {
                return Err(Failure::new(DDI_E_STATE, "the file was not ended"));
            }
            let builder = loader.builder.take();
            let builder = builder.ok_or_else(|| Failure::new(DDI_E_STATE, "it is finished"))?;
            let finished = builder.finish();
            let zone = finished.map_err(|error| Failure::new(DDI_E_ZONE, loader.parser.place(error)))?;
            out.set(guard::give(ZoneVersion::from(zone)));
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words: for a fault in the text file, line and column; "" if nothing did. Borrowed, as the
/// chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_loader_last_error(loader: *const ddi_zone_loader) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(loader) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_zone_loader_free(loader: *mut ddi_zone_loader) {
    // SAFETY: the header's contract.
    unsafe { guard::free(loader) }
}
