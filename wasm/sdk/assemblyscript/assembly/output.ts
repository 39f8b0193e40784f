import { Bitmap, Bools, Floats, Ints } from "./columns";
import { Bytes } from "./bytes";
import { BITMAP, BOOL, BYTES, COLUMNS, DURATION, FLOAT, HEADER_SIZE, INT, NO_ROW, putHeader, RECORDS, result, SELECTION, STRING, TIME } from "./frame";
import * as host from "./host";
import { Writer } from "./writer";

const SIZE: i32 = 40;

// What is as in the row.
const SAME_KEY: u8 = 1;
const SAME_VALUE: u8 = 2;
const SAME_HEADERS: u8 = 4;
const SAME_TIME: u8 = 8;
const NO_KEY: u8 = 16;
const SAME: u8 = 15;

// What becomes of a row.
const FAILS: u8 = 1;
const RETRIES: u8 = 2;

/** A column that is given out. */
@final
class ColumnOut {
  type: u8 = 0;
  field: u32 = 0;
  data: Writer = new Writer();
  offsets: Writer = new Writer(); // of no fixed width
  valid: Writer = new Writer(); // empty where no row is null
}

/**
 * What a call gives out. A behaviour uses of it what its manifest says that it returns: records, a selection, or columns. A row that
 * is neither passed nor named otherwise is dropped, and counted.
 *
 * Methods that begin with "set" are about the record that was given out last.
 */
@final
export class Output {
  private rows: i32 = 0;
  private data: Writer = new Writer(); // the frame so far
  private records: Writer = new Writer();
  private pairs: Writer = new Writer();
  private bitmap: Writer = new Writer();
  private selects: bool = false;
  private columns: ColumnOut[] = [];
  private used: i32 = 0; // of columns

  /** Begins a call. */
  reset(rows: i32): void {
    this.rows = rows;
    this.selects = false;
    this.used = 0;
    this.clear();
  }

  private clear(): void {
    this.data.clear().room(HEADER_SIZE);
    this.records.clear();
    this.pairs.clear();
  }

  private record(row: u32, flags: u8, status: u8): usize {
    const d = this.records.room(SIZE);
    store<u64>(d, 0);
    store<u32>(d, row, 8);
    store<u32>(d, (<u32>flags << 16) | (<u32>status << 24), 12);
    store<u64>(d, 0, 16);
    store<u64>(d, 0, 24);
    store<u64>(d, 0, 32);
    return d;
  }

  @inline
  private last(): usize {
    return this.records.ptr + this.records.length - SIZE;
  }

  private keep(at: usize, b: Bytes): void {
    store<i32>(at, this.data.length);
    store<i32>(at, b.length, 4);
    this.data.add(b);
  }

  /** Gives a row out as it is, until something of it is set. A row may be given out any number of times. */
  @inline
  pass(row: i32): Output {
    this.record(row, SAME, 0);
    return this;
  }

  /** Has a row leave by the error output, with the reason. */
  fail(row: i32, reason: Bytes): void {
    this.record(row, 0, FAILS);
    this.keep(this.last() + 24, reason);
  }

  /** Asks for a row to be given again, after the others of its batch. The fourth time it fails. */
  retry(row: i32): void {
    this.record(row, 0, RETRIES);
  }

  /** Gives out a record of no row: without a key, without a time, and empty, until something of it is set. */
  add(): Output {
    store<i64>(this.record(NO_ROW, NO_KEY, 0), i64.MIN_VALUE);
    return this;
  }

  @inline
  private flag(set: u8, unset: u8): usize {
    const d = this.last();
    store<u8>(d, (load<u8>(d, 14) & ~unset) | set, 14);
    return d;
  }

  /** Sets the value, of which a copy is kept. */
  setValue(value: Bytes): Output {
    this.keep(this.flag(0, SAME_VALUE) + 24, value);
    return this;
  }

  /** Sets the key, of which a copy is kept. */
  setKey(key: Bytes): Output {
    this.keep(this.flag(0, SAME_KEY | NO_KEY) + 16, key);
    return this;
  }

  /** Leaves the record without a key. */
  setNoKey(): Output {
    this.flag(NO_KEY, SAME_KEY);
    return this;
  }

  /** Sets the event time, in µs. */
  setTime(us: i64): Output {
    store<i64>(this.flag(0, SAME_TIME), us);
    return this;
  }

  /** Leaves the record without headers. */
  setNoHeaders(): Output {
    store<u16>(this.flag(0, SAME_HEADERS), 0, 36);
    return this;
  }

  /** Adds a header, instead of those of the row. */
  setHeader(name: Bytes, value: Bytes): Output {
    const d = this.flag(0, SAME_HEADERS);
    const n = load<u16>(d, 36);
    if (n == 0) store<i32>(d, this.pairs.length, 32); // a place in pairs until there is a frame
    store<u16>(d, n + 1, 36);
    const p = this.pairs.room(16);
    this.keep(p, name);
    this.keep(p + 8, value);
    return this;
  }

  /** Gives the record out by a port, by its number in the manifest from 1; 0 is the output without a name. */
  setPort(port: i32): Output {
    store<u16>(this.last(), <u16>port, 12);
    return this;
  }

  /** Gives out what there is so far, before all else. It is for calls whose records are more than are good to hold at a time. */
  flush(): void {
    if (this.records.length) {
      this.frameRecords();
      host.emit(this.data.ptr, this.data.length);
    }
    this.clear();
  }

  /** The rows that stay, of a behaviour that returns a selection or columns: none of them at first. Where one that returns columns does not call it, all of them stay. */
  selection(): Bitmap {
    if (!this.selects) {
      this.selects = true;
      const n = (this.rows + 7) >> 3;
      this.bitmap.clear().room(HEADER_SIZE);
      memory.fill(this.bitmap.room(n), 0, n);
    }
    return changetype<Bitmap>(this.bitmap.ptr + HEADER_SIZE);
  }

  private column(output: i32, type: u8): ColumnOut {
    for (let i = 0; i < this.used; i++) {
      if (this.columns[i].field == output) return this.columns[i];
    }
    if (this.used == this.columns.length) this.columns.push(new ColumnOut());
    const c = this.columns[this.used++];
    c.type = type;
    c.field = output;
    c.data.clear();
    c.offsets.clear();
    c.valid.clear();
    return c;
  }

  private fill(output: i32, type: u8, width: i32): usize {
    const c = this.column(output, type);
    if (!c.data.length) c.data.room(this.rows * width);
    return c.data.ptr;
  }

  /** An output of the type bool, by its index in the manifest, to be filled: a value for each row. */
  bools(output: i32): Bools {
    return changetype<Bools>(this.fill(output, BOOL, 1));
  }

  /** An output of the type int to be filled. */
  ints(output: i32): Ints {
    return changetype<Ints>(this.fill(output, INT, 8));
  }

  /** An output of the type float to be filled. They are to be finite, where the row stays and is not null. */
  floats(output: i32): Floats {
    return changetype<Floats>(this.fill(output, FLOAT, 8));
  }

  /** An output of the type time to be filled, in µs. */
  times(output: i32): Ints {
    return changetype<Ints>(this.fill(output, TIME, 8));
  }

  /** An output of the type duration to be filled, in µs. */
  durations(output: i32): Ints {
    return changetype<Ints>(this.fill(output, DURATION, 8));
  }

  private appendText(output: i32, type: u8, value: Bytes): void {
    const c = this.column(output, type);
    if (!c.offsets.length) store<u32>(c.offsets.room(4), 0);
    c.data.add(value);
    store<i32>(c.offsets.room(4), c.data.length);
  }

  /** Adds the value of the next row, from 0, of an output of the type string. It is to be UTF-8, where the row stays and is not null. */
  appendString(output: i32, value: Bytes): void {
    this.appendText(output, STRING, value);
  }

  /** Adds the value of the next row, from 0, of an output of the type bytes. */
  appendBytes(output: i32, value: Bytes): void {
    this.appendText(output, BYTES, value);
  }

  /** Makes a row of an output null, which was filled before. What it was filled with does not count. */
  setNull(output: i32, row: i32): void {
    const c = this.column(output, 0);
    const n = (this.rows + 7) >> 3;
    if (!c.valid.length) memory.fill(c.valid.room(n), 0xff, n);
    changetype<Bitmap>(c.valid.ptr).remove(row);
  }

  /** What the call returns. */
  result(): i64 {
    if (this.used) return this.frameColumns();
    if (this.selects) {
      putHeader(this.bitmap.ptr, SELECTION, this.bitmap.length, this.rows, HEADER_SIZE, this.bitmap.length - HEADER_SIZE);
      return result(this.bitmap.ptr, this.bitmap.length);
    }
    if (!this.records.length) return 0;
    this.frameRecords();
    return result(this.data.ptr, this.data.length);
  }

  /** Puts the descriptors behind the bytes: so none of these have to be moved. */
  private frameRecords(): void {
    const count = this.records.length / SIZE;
    const pairs = this.data.align().length;
    if (this.pairs.length) {
      this.data.add(this.pairs.bytes);
      for (let d = this.records.ptr, i = 0; i < count; d += SIZE, i++) {
        if (load<u16>(d, 36)) store<i32>(d, load<i32>(d, 32) + pairs, 32);
      }
    }
    const at = this.data.length;
    this.data.add(this.records.bytes);
    putHeader(this.data.ptr, RECORDS, this.data.length, this.rows, at, count);
  }

  private frameColumns(): i64 {
    const frame = this.data.clear();
    frame.room(HEADER_SIZE);
    let count = this.used;
    if (this.selects) count++;
    const first = frame.length;
    memory.fill(frame.room(count * 32), 0, count * 32);
    for (let i = 0; i < this.used; i++) {
      const c = this.columns[i];
      const at = first + i * 32;
      this.describe(at, c.type, c.field);
      this.place(at + 8, c.data.ptr, c.data.length);
      if (c.valid.length) this.place(at + 16, c.valid.ptr, c.valid.length);
      if (c.offsets.length) {
        assert(c.offsets.length == 4 * (this.rows + 1), "an output has a value too many or too few: append one for each row");
        const offsets = frame.align().length;
        frame.add(c.offsets.bytes);
        store<i32>(frame.ptr + at, offsets, 24);
      }
    }
    if (this.selects) {
      const at = first + this.used * 32;
      this.describe(at, BITMAP, 0);
      this.place(at + 8, this.bitmap.ptr + HEADER_SIZE, this.bitmap.length - HEADER_SIZE);
    }
    putHeader(frame.ptr, COLUMNS, frame.length, this.rows, first, count);
    return result(frame.ptr, frame.length);
  }

  private describe(at: i32, type: u8, field: u32): void {
    store<u32>(this.data.ptr + at, type);
    store<u32>(this.data.ptr + at, field, 4);
  }

  /** Puts bytes into the frame, and where they are to a place of it. */
  private place(at: i32, ptr: usize, length: i32): void {
    const begin = this.data.align().length;
    memory.copy(this.data.room(length), ptr, length);
    store<i32>(this.data.ptr + at, begin);
    store<i32>(this.data.ptr + at, length, 4);
  }
}
