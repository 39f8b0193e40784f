import { Bytes } from "./bytes";
import { countOf, descriptorsOf } from "./frame";

const SIZE: i32 = 40;
const HAS_KEY: u16 = 1;
const HAS_TIME: u16 = 2;

/** The records of a call. What its methods return is valid during the call, and not to be changed. */
@final
export class Records {
  private frame: usize = 0;
  private first: usize = 0;
  private valueView: Bytes = new Bytes();
  private keyView: Bytes = new Bytes();
  private nameView: Bytes = new Bytes();
  private headerView: Bytes = new Bytes();

  /** How many rows there are. */
  length: i32 = 0;

  /** Takes a frame. */
  parse(frame: usize): void {
    this.frame = frame;
    this.first = descriptorsOf(frame);
    this.length = countOf(frame);
  }

  @inline
  private at(row: i32): usize {
    return this.first + row * SIZE;
  }

  /** The value of a row. */
  @inline
  value(row: i32): Bytes {
    const d = this.at(row);
    return this.valueView.set(this.frame + load<u32>(d, 24), load<i32>(d, 28));
  }

  /** Whether a row has a key, which may be empty. */
  hasKey(row: i32): bool {
    return (load<u16>(this.at(row), 38) & HAS_KEY) != 0;
  }

  /** The key of a row, empty where it has none. */
  key(row: i32): Bytes {
    const d = this.at(row);
    return this.keyView.set(this.frame + load<u32>(d, 16), load<i32>(d, 20));
  }

  /** Whether the event time of a row is known. */
  hasTime(row: i32): bool {
    return (load<u16>(this.at(row), 38) & HAS_TIME) != 0;
  }

  /** The event time of a row in µs, if it is known. */
  time(row: i32): i64 {
    return load<i64>(this.at(row));
  }

  /** The number that the source gave to a row, such as an offset; 0 where there is none. */
  seq(row: i32): u64 {
    return load<u64>(this.at(row), 8);
  }

  /** How many headers a row has. */
  headers(row: i32): i32 {
    return load<u16>(this.at(row), 36);
  }

  /** The name of a header of a row. */
  headerName(row: i32, i: i32): Bytes {
    return this.pair(row, i, this.nameView, 0);
  }

  /** The value of a header of a row. */
  headerValue(row: i32, i: i32): Bytes {
    return this.pair(row, i, this.headerView, 8);
  }

  private pair(row: i32, i: i32, into: Bytes, offset: i32): Bytes {
    const p = this.frame + load<u32>(this.at(row), 32) + 16 * i + offset;
    return into.set(this.frame + load<u32>(p), load<i32>(p, 4));
  }
}
