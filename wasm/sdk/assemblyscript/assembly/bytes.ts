/**
 * Bytes somewhere in the memory: a view, which is not copied. What an SDK function returns is the same object each time, and stands
 * for something else after the next call of that function.
 */
@final
export class Bytes {
  constructor(
    /** Where they begin. */
    public ptr: usize = 0,
    /** How many there are. */
    public length: i32 = 0,
  ) {}

  /** The UTF-8 of a text. It is for constants: it copies. */
  static of(text: string): Bytes {
    const length = String.UTF8.byteLength(text);
    const ptr = heap.alloc(max(length, 1));
    String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, ptr);
    return new Bytes(ptr, length);
  }

  /** Makes the view one of other bytes. */
  set(ptr: usize, length: i32): Bytes {
    this.ptr = ptr;
    this.length = length;
    return this;
  }

  /** The byte at an index. */
  @inline
  at(i: i32): u8 {
    return load<u8>(this.ptr + i);
  }

  /** Whether they are the same bytes. */
  equals(other: Bytes): bool {
    return this.length == other.length && memory.compare(this.ptr, other.ptr, this.length) == 0;
  }

  /** A copy as a string, which costs much more than a view. */
  toString(): string {
    return String.UTF8.decodeUnsafe(this.ptr, this.length);
  }

  /** Takes the bytes up to the first that is the given one, and leaves what is behind that. Without one it takes all. */
  cut(byte: u8, into: Bytes): Bytes {
    let n = 0;
    while (n < this.length && this.at(n) != byte) n++;
    into.set(this.ptr, n);
    const taken = min(n + 1, this.length);
    this.set(this.ptr + taken, this.length - taken);
    return into;
  }
}
