import { Bytes } from "./bytes";
import { descriptorsOf, rowsOf } from "./frame";

const SIZE: i32 = 32;

/** Numbers of 64 bits: ints, and times and durations in µs. They are not copied. */
@final
@unmanaged
export class Ints {
  @inline
  @operator("[]")
  get(row: i32): i64 {
    return load<i64>(changetype<usize>(this) + (<usize>row << 3));
  }

  @inline
  @operator("[]=")
  set(row: i32, v: i64): void {
    store<i64>(changetype<usize>(this) + (<usize>row << 3), v);
  }
}

/** Floats. They are not copied. */
@final
@unmanaged
export class Floats {
  @inline
  @operator("[]")
  get(row: i32): f64 {
    return load<f64>(changetype<usize>(this) + (<usize>row << 3));
  }

  @inline
  @operator("[]=")
  set(row: i32, v: f64): void {
    store<f64>(changetype<usize>(this) + (<usize>row << 3), v);
  }
}

/** Bools. They are not copied. */
@final
@unmanaged
export class Bools {
  @inline
  @operator("[]")
  get(row: i32): bool {
    return load<u8>(changetype<usize>(this) + row) != 0;
  }

  @inline
  @operator("[]=")
  set(row: i32, v: bool): void {
    store<u8>(changetype<usize>(this) + row, <u8>v);
  }
}

/** A bit for each row. */
@final
@unmanaged
export class Bitmap {
  /** Whether the bit of a row is set. */
  @inline
  has(row: i32): bool {
    return ((load<u8>(changetype<usize>(this) + (row >> 3)) >> (<u8>row & 7)) & 1) != 0;
  }

  /** Sets the bit of a row. */
  @inline
  add(row: i32): void {
    const at = changetype<usize>(this) + (row >> 3);
    store<u8>(at, load<u8>(at) | (1 << (<u8>row & 7)));
  }

  /** Clears the bit of a row. */
  @inline
  remove(row: i32): void {
    const at = changetype<usize>(this) + (row >> 3);
    store<u8>(at, load<u8>(at) & ~(1 << (<u8>row & 7)));
  }
}

/** The columns of a call: of each input of the manifest, by its index there, a value for each row. They are the memory that the host has written to. */
@final
export class Columns {
  private frame: usize = 0;
  private first: usize = 0;
  private textView: Bytes = new Bytes();

  /** How many rows there are. */
  length: i32 = 0;

  /** Takes a frame. */
  parse(frame: usize): void {
    this.frame = frame;
    this.first = descriptorsOf(frame);
    this.length = rowsOf(frame);
  }

  @inline
  private data(input: i32): usize {
    return this.frame + load<u32>(this.first + input * SIZE, 8);
  }

  /** Whether rows of an input may be null. */
  nullable(input: i32): bool {
    return load<u32>(this.first + input * SIZE, 16) != 0;
  }

  /** Whether a row of an input is null. */
  isNull(input: i32, row: i32): bool {
    const at = load<u32>(this.first + input * SIZE, 16);
    return at != 0 && !changetype<Bitmap>(this.frame + at).has(row);
  }

  /** An input of the type bool. */
  bools(input: i32): Bools {
    return changetype<Bools>(this.data(input));
  }

  /** An input of the type int, time or duration. */
  ints(input: i32): Ints {
    return changetype<Ints>(this.data(input));
  }

  /** An input of the type float. */
  floats(input: i32): Floats {
    return changetype<Floats>(this.data(input));
  }

  /** The value of a row of an input of the type string, bytes or json. */
  text(input: i32, row: i32): Bytes {
    const offsets = this.frame + load<u32>(this.first + input * SIZE, 24) + (<usize>row << 2);
    const begin = load<u32>(offsets);
    return this.textView.set(this.data(input) + begin, load<u32>(offsets, 4) - begin);
  }
}
