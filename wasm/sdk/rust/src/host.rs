//! The functions of the host, as the interface describes them (ABI.md). A module imports only those that it uses.

#[cfg(target_arch = "wasm32")]
#[link(wasm_import_module = "onstream_v1")]
extern "C" {
    pub fn log(level: u32, at: *const u8, len: usize);
    pub fn log_enabled(level: u32) -> i32;
    pub fn error(at: *const u8, len: usize);
    pub fn now_us() -> i64;
    pub fn watermark_us() -> i64;
    pub fn emit(at: *const u8, len: usize) -> i32;
    pub fn state_get(space: u32, row: u32, name: *const u8, name_len: usize, buf: *mut u8, limit: usize) -> i32;
    pub fn state_put(space: u32, row: u32, name: *const u8, name_len: usize, value: *const u8, value_len: usize, ttl: i64) -> i32;
    pub fn state_del(space: u32, row: u32, name: *const u8, name_len: usize) -> i32;
    pub fn state_get_many(space: u32, name: *const u8, name_len: usize, rows: *const u32, n: usize, buf: *mut u8, limit: usize) -> i32;
    pub fn timer_set(row: u32, clock: u32, id: i64, us: i64) -> i32;
    pub fn timer_clear(row: u32, clock: u32, id: i64) -> i32;
    pub fn metric_define(kind: u32, name: *const u8, name_len: usize) -> i32;
    pub fn metric_record(metric: i32, value: f64);
    pub fn http_request(at: *const u8, len: usize, buf: *mut u8, limit: usize) -> i32;
}

/// Elsewhere, such as in a unit test, there is no host.
#[cfg(not(target_arch = "wasm32"))]
#[allow(clippy::too_many_arguments, clippy::missing_safety_doc)]
mod elsewhere {
    macro_rules! nowhere {
        ($($name:ident($($arg:ident: $typ:ty),*) $(-> $result:ty)?;)*) => {
            $(pub unsafe fn $name($(_: $typ),*) $(-> $result)? {
                panic!(concat!("there is no ", stringify!($name), " outside of a module: run it with onstream module test"))
            })*
        };
    }

    nowhere! {
        log(level: u32, at: *const u8, len: usize);
        log_enabled(level: u32) -> i32;
        error(at: *const u8, len: usize);
        now_us() -> i64;
        watermark_us() -> i64;
        emit(at: *const u8, len: usize) -> i32;
        state_get(space: u32, row: u32, name: *const u8, name_len: usize, buf: *mut u8, limit: usize) -> i32;
        state_put(space: u32, row: u32, name: *const u8, name_len: usize, value: *const u8, value_len: usize, ttl: i64) -> i32;
        state_del(space: u32, row: u32, name: *const u8, name_len: usize) -> i32;
        state_get_many(space: u32, name: *const u8, name_len: usize, rows: *const u32, n: usize, buf: *mut u8, limit: usize) -> i32;
        timer_set(row: u32, clock: u32, id: i64, us: i64) -> i32;
        timer_clear(row: u32, clock: u32, id: i64) -> i32;
        metric_define(kind: u32, name: *const u8, name_len: usize) -> i32;
        metric_record(metric: i32, value: f64);
        http_request(at: *const u8, len: usize, buf: *mut u8, limit: usize) -> i32;
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub use elsewhere::*;

/// Asks the host for something that has a length, with room that grows until it is enough. `ask` is given the room, and answers what the
/// host does: the length, or negative where there is nothing.
pub fn read(buf: &mut Vec<u8>, mut ask: impl FnMut(*mut u8, usize) -> i32) -> Option<&[u8]> {
    loop {
        buf.clear();
        let n = ask(buf.as_mut_ptr(), buf.capacity());
        if n < 0 {
            return None;
        }
        if n as usize <= buf.capacity() {
            // The host has written so many bytes.
            unsafe { buf.set_len(n as usize) };
            return Some(buf);
        }
        buf.reserve(n as usize);
    }
}
