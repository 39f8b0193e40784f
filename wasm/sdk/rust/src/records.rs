use crate::behaviour::Output;
use crate::{frame, host};

/// Records that are returned, or emitted before.
#[derive(Default)]
pub struct Records {
    data: Vec<u8>, // begins with room for the header
    made: Vec<Descriptor>,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Descriptor {
    time: i64,
    row: u32,
    port: u16,
    flags: u8,
    status: u8,
    key: u32,
    key_len: u32,
    value: u32,
    value_len: u32,
    headers: u32,
    header_count: u16,
    zero: u16,
}

const SAME_KEY: u8 = 1;
const SAME_VALUE: u8 = 2;
const SAME_HEADERS: u8 = 4;
const SAME_TIME: u8 = 8;
const SAME: u8 = 15;
const NO_KEY: u8 = 16;
const FAILED: u8 = 1;
const RETRIED: u8 = 2;

const PLAIN: Descriptor = Descriptor {
    time: i64::MIN,
    row: u32::MAX,
    port: 0,
    flags: NO_KEY,
    status: 0,
    key: 0,
    key_len: 0,
    value: 0,
    value_len: 0,
    headers: 0,
    header_count: 0,
    zero: 0,
};

impl Records {
    /// No records yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Removes all records, and keeps the memory.
    pub fn clear(&mut self) {
        self.made.clear();
        self.data.clear();
        self.data.resize(frame::HEADER, 0);
    }

    fn push(&mut self, d: Descriptor) -> Made<'_> {
        if self.data.is_empty() {
            self.clear();
        }
        self.made.push(d);
        Made(self)
    }

    /// Adds a record of a row, as it came; the rows that are never added are dropped. What is returned changes it.
    #[inline]
    pub fn add(&mut self, row: u32) -> Made<'_> {
        self.push(Descriptor { time: 0, row, flags: SAME, ..PLAIN })
    }

    /// Adds a record of no row: without a key, with an empty value, at a time that is not known.
    pub fn add_new(&mut self) -> Made<'_> {
        self.push(PLAIN)
    }

    /// Fails a row: it leaves by the error output, with the text as the reason.
    pub fn fail(&mut self, row: u32, why: impl AsRef<[u8]>) {
        self.push(Descriptor { time: 0, row, flags: 0, status: FAILED, ..PLAIN }).value(why.as_ref());
    }

    /// Has a row be given again, after its batch, up to three times.
    pub fn retry(&mut self, row: u32) {
        self.push(Descriptor { time: 0, row, flags: SAME, status: RETRIED, ..PLAIN });
    }

    /// Emits the records now, before those that the call returns, and removes them.
    pub fn emit(&mut self) {
        let frame = self.frame();
        unsafe { host::emit(frame.as_ptr(), frame.len()) };
        self.clear();
    }

    /// The records as a frame: the descriptors are behind the bytes.
    fn frame(&mut self) -> &[u8] {
        if self.data.is_empty() {
            self.clear();
        }
        frame::align(&mut self.data);
        let (at, count) = (self.data.len(), self.made.len());
        let bytes = unsafe { std::slice::from_raw_parts(self.made.as_ptr().cast::<u8>(), count * std::mem::size_of::<Descriptor>()) };
        self.data.extend_from_slice(bytes);
        frame::finish(&mut self.data, frame::RECORDS, 0, at, count);
        &self.data
    }
}

impl Output for Records {
    fn begin(&mut self, rows: u32) {
        self.clear();
        self.made.reserve(rows as usize);
    }

    fn finish(&mut self) -> &[u8] {
        if self.made.is_empty() {
            return &[];
        }
        self.frame()
    }
}

/// The record that was added last.
pub struct Made<'a>(&'a mut Records);

impl Made<'_> {
    #[inline]
    fn last(&mut self) -> &mut Descriptor {
        let k = self.0.made.len() - 1;
        &mut self.0.made[k]
    }

    fn store(&mut self, text: &[u8]) -> (u32, u32) {
        let at = self.0.data.len();
        self.0.data.extend_from_slice(text);
        (at as u32, text.len() as u32)
    }

    /// Gives it another value.
    pub fn value(self, value: impl AsRef<[u8]>) -> Self {
        self.write(|to| to.extend_from_slice(value.as_ref()))
    }

    /// Gives it another value, which is appended to what `write` is given, and nothing of that changed.
    #[inline]
    pub fn write(mut self, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let at = self.0.data.len();
        write(&mut self.0.data);
        let len = self.0.data.len() - at;
        let d = self.last();
        d.value = at as u32;
        d.value_len = len as u32;
        d.flags &= !SAME_VALUE;
        self
    }

    /// Gives it another key.
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        let (at, len) = self.store(key.as_ref());
        let d = self.last();
        d.key = at;
        d.key_len = len;
        d.flags &= !(SAME_KEY | NO_KEY);
        self
    }

    /// Takes its key away.
    pub fn no_key(mut self) -> Self {
        let d = self.last();
        d.flags = d.flags & !SAME_KEY | NO_KEY;
        self
    }

    /// Gives it another event time, in µs since 1970.
    pub fn time(mut self, us: i64) -> Self {
        let d = self.last();
        d.time = us;
        d.flags &= !SAME_TIME;
        self
    }

    /// Sends it to an output: 0 is the one without a name, others are those of the manifest, from 1.
    pub fn port(mut self, port: u16) -> Self {
        self.last().port = port;
        self
    }

    /// Gives it these headers and no others.
    pub fn headers(mut self, headers: &[(&[u8], &[u8])]) -> Self {
        frame::align(&mut self.0.data);
        let at = self.0.data.len();
        self.0.data.resize(at + 16 * headers.len(), 0);
        for (k, (name, value)) in headers.iter().enumerate() {
            let (name, value) = (self.store(name), self.store(value));
            for (i, v) in [name.0, name.1, value.0, value.1].iter().enumerate() {
                let to = at + 16 * k + 4 * i;
                self.0.data[to..to + 4].copy_from_slice(&v.to_le_bytes());
            }
        }
        let d = self.last();
        d.headers = at as u32;
        d.header_count = headers.len() as u16;
        d.flags &= !SAME_HEADERS;
        self
    }
}
