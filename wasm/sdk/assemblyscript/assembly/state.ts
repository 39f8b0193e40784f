import { Bytes } from "./bytes";
import * as host from "./host";
import { Writer } from "./writer";

const ABSENT: i32 = -1;

const buffer = new Writer();
const found = new Bytes();
const several = new Values();

buffer.room(1024);

/** Makes the buffer larger. */
function enough(n: i32): void {
  if (n > buffer.length) buffer.room(n - buffer.length);
}

/**
 * A namespace of the state, by its number in the manifest, from 0. In it a key has values by names.
 *
 * A row stands for its key: what is put for a row is there for all rows of the same key, now and later, also after a restart and on
 * another machine, and for no others.
 */
@final
export class Space {
  constructor(public index: u32) {}

  /** The value of a name, valid until the next read of a value; null where there is none. */
  get(row: i32, name: Bytes): Bytes | null {
    while (true) {
      const n = host.stateGet(this.index, row, name.ptr, name.length, buffer.ptr, buffer.length);
      if (n == ABSENT) return null;
      if (n <= buffer.length) return found.set(buffer.ptr, n);
      enough(n);
    }
  }

  /** Sets the value of a name. It goes after so many µs by the clock of the stage, event time where it has that; 0 is for never. */
  put(row: i32, name: Bytes, value: Bytes, ttl: i64 = 0): void {
    host.statePut(this.index, row, name.ptr, name.length, value.ptr, value.length, ttl);
  }

  /** Removes the value of a name, and tells whether there was one. */
  delete(row: i32, name: Bytes): bool {
    return host.stateDelete(this.index, row, name.ptr, name.length) != ABSENT;
  }

  /**
   * The values of a name for rows, valid until the next read of a value. It costs less than as many calls of get, and tells what was there
   * before: where several of the rows have the same key, what is put for one is not seen in those behind it.
   */
  getMany(name: Bytes, rows: u32[]): Values {
    return this.values(name, rows.dataStart, rows.length);
  }

  /** getMany for the first n rows. */
  getAll(name: Bytes, n: i32): Values {
    return this.values(name, 0, n);
  }

  private values(name: Bytes, rows: usize, n: i32): Values {
    while (n > 0) {
      const size = host.stateGetMany(this.index, name.ptr, name.length, rows, n, buffer.ptr, buffer.length);
      if (size <= buffer.length) break;
      enough(size);
    }
    return several;
  }
}

/** The values of a name for several rows. */
@final
export class Values {
  private view: Bytes = new Bytes();

  /** The value of the i-th of the rows; null where there is none. */
  at(i: i32): Bytes | null {
    const d = buffer.ptr + 8 * i;
    if (load<u32>(d, 4) == u32.MAX_VALUE) return null;
    return this.view.set(buffer.ptr + load<u32>(d), load<i32>(d, 4));
  }
}
