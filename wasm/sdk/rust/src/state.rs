//! What is kept by key.

use crate::host;

/// A namespace of the state: the index of one in the manifest's `state.spaces`. In it a key has values by names.
///
/// A row stands for its key; in a stage without a key there is one state for all rows.
///
/// ```ignore
/// const HISTORY: Space = Space(0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space(pub u32);

impl Space {
    /// A value that a key has, by its name. It is read into `buf`, which is used again and again.
    pub fn get(self, row: u32, name: impl AsRef<[u8]>, buf: &mut Vec<u8>) -> Option<&[u8]> {
        let name = name.as_ref();
        host::read(buf, |at, limit| unsafe { host::state_get(self.0, row, name.as_ptr(), name.len(), at, limit) })
    }

    /// Keeps a value for `ttl` µs by the clock of the stage, 0 for ever.
    pub fn put(self, row: u32, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>, ttl: i64) {
        let (name, value) = (name.as_ref(), value.as_ref());
        unsafe { host::state_put(self.0, row, name.as_ptr(), name.len(), value.as_ptr(), value.len(), ttl) };
    }

    /// Deletes a value, and reports whether there was one.
    pub fn delete(self, row: u32, name: impl AsRef<[u8]>) -> bool {
        let name = name.as_ref();
        unsafe { host::state_del(self.0, row, name.as_ptr(), name.len()) == 0 }
    }

    /// The values of a name for some rows, with one call of the host.
    pub fn get_many<'a>(self, name: impl AsRef<[u8]>, rows: &[u32], buf: &'a mut Vec<u8>) -> Values<'a> {
        if rows.is_empty() {
            return Values { data: &[] };
        }
        self.values(name.as_ref(), rows.as_ptr(), rows.len(), buf)
    }

    /// The values of a name for the first `n` rows, with one call of the host.
    pub fn get_all<'a>(self, name: impl AsRef<[u8]>, n: u32, buf: &'a mut Vec<u8>) -> Values<'a> {
        self.values(name.as_ref(), std::ptr::null(), n as usize, buf)
    }

    fn values<'a>(self, name: &[u8], rows: *const u32, n: usize, buf: &'a mut Vec<u8>) -> Values<'a> {
        let data = host::read(buf, |at, limit| unsafe { host::state_get_many(self.0, name.as_ptr(), name.len(), rows, n, at, limit) });
        Values { data: data.unwrap_or(&[]) }
    }
}

/// The values of one name for several rows.
pub struct Values<'a> {
    data: &'a [u8],
}

impl<'a> Values<'a> {
    /// The value of the k-th of them.
    pub fn get(&self, k: u32) -> Option<&'a [u8]> {
        let word = |at: usize| u32::from_le_bytes([self.data[at], self.data[at + 1], self.data[at + 2], self.data[at + 3]]);
        let (at, len) = (word(8 * k as usize) as usize, word(8 * k as usize + 4));
        if len == u32::MAX {
            return None;
        }
        Some(&self.data[at..at + len as usize])
    }
}
