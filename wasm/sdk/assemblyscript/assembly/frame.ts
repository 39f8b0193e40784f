// The layout of frames, as ABI.md has it.

export const HEADER_SIZE: i32 = 32;

// What a frame holds.
export const RECORDS: u8 = 1;
export const SELECTION: u8 = 2;
export const COLUMNS: u8 = 3;
export const SETTINGS: u8 = 5;

// The types of columns and settings.
export const BOOL: u8 = 1;
export const INT: u8 = 2;
export const FLOAT: u8 = 3;
export const STRING: u8 = 4;
export const BYTES: u8 = 5;
export const TIME: u8 = 6;
export const DURATION: u8 = 7;
export const JSON: u8 = 8;
export const BITMAP: u8 = 9;

/** A row that there is none of. */
export const NO_ROW: u32 = u32.MAX_VALUE;

@inline
export function kindOf(frame: usize): u8 {
  return load<u8>(frame, 4);
}

@inline
export function rowsOf(frame: usize): i32 {
  return load<i32>(frame, 12);
}

@inline
export function countOf(frame: usize): i32 {
  return load<i32>(frame, 20);
}

/** Where the descriptors are. */
@inline
export function descriptorsOf(frame: usize): usize {
  return frame + load<u32>(frame, 16);
}

/** Fills the header of a frame. */
export function putHeader(frame: usize, kind: u8, size: u32, rows: u32, descriptors: u32, count: u32): void {
  store<u32>(frame, 0x31534e4f);
  store<u32>(frame, kind, 4);
  store<u32>(frame, size, 8);
  store<u32>(frame, rows, 12);
  store<u32>(frame, descriptors, 16);
  store<u32>(frame, count, 20);
  store<u64>(frame, 0, 24);
}

/** What an export returns of bytes. */
@inline
export function result(ptr: usize, length: i32): i64 {
  return length ? ((<i64>ptr) << 32) | (<i64>length) : 0;
}
