//! What is kept by key. A row stands for its key; in a stage without a key there is one state for all rows. A space is the index of one in the
//! manifest's `state.spaces`.

use crate::host;

/// A value that a key has in a space, by its name. It is read into `buf`, which is used again and again.
pub fn get(space: u32, row: u32, name: impl AsRef<[u8]>, buf: &mut Vec<u8>) -> Option<&[u8]> {
    let name = name.as_ref();
    host::read(buf, |at, limit| unsafe { host::state_get(space, row, name.as_ptr(), name.len(), at, limit) })
}

/// Keeps a value for `ttl` µs by the clock of the stage, 0 for ever.
pub fn put(space: u32, row: u32, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>, ttl: i64) {
    let (name, value) = (name.as_ref(), value.as_ref());
    unsafe { host::state_put(space, row, name.as_ptr(), name.len(), value.as_ptr(), value.len(), ttl) };
}

/// Deletes a value, and reports whether there was one.
pub fn delete(space: u32, row: u32, name: impl AsRef<[u8]>) -> bool {
    let name = name.as_ref();
    unsafe { host::state_del(space, row, name.as_ptr(), name.len()) == 0 }
}

/// The values of one name for several rows.
pub struct Many<'a> {
    data: &'a [u8],
}

/// The values of a name for the first `n` rows, with one call of the host.
pub fn get_many<'a>(space: u32, name: impl AsRef<[u8]>, n: u32, buf: &'a mut Vec<u8>) -> Many<'a> {
    many(space, name.as_ref(), std::ptr::null(), n as usize, buf)
}

/// The values of a name for some rows, with one call of the host.
pub fn get_many_of<'a>(space: u32, name: impl AsRef<[u8]>, rows: &[u32], buf: &'a mut Vec<u8>) -> Many<'a> {
    if rows.is_empty() {
        return Many { data: &[] };
    }
    many(space, name.as_ref(), rows.as_ptr(), rows.len(), buf)
}

fn many<'a>(space: u32, name: &[u8], rows: *const u32, n: usize, buf: &'a mut Vec<u8>) -> Many<'a> {
    let data = host::read(buf, |at, limit| unsafe { host::state_get_many(space, name.as_ptr(), name.len(), rows, n, at, limit) });
    Many { data: data.unwrap_or(&[]) }
}

impl<'a> Many<'a> {
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
