import { Bytes } from "./bytes";
import { POWERS, rounded, scaled } from "./number";

/** Memory that grows, and bytes that are being made in it. It is kept and used again: make one, and clear it for each value. */
@final
export class Writer {
  private view: Bytes = new Bytes();
  private capacity: i32 = 0;
  ptr: usize = 0;
  length: i32 = 0;

  /** What was written, up to the next write. */
  get bytes(): Bytes {
    return this.view.set(this.ptr, this.length);
  }

  /** Forgets what was written. */
  @inline
  clear(): Writer {
    this.length = 0;
    return this;
  }

  /** Makes room for more bytes, and returns where they are to be. They count as written. */
  room(n: i32): usize {
    const at = this.length;
    this.length = at + n;
    if (this.length > this.capacity) {
      this.capacity = this.length + (this.length >> 1) + 64;
      this.ptr = this.ptr ? heap.realloc(this.ptr, this.capacity) : heap.alloc(this.capacity);
    }
    return this.ptr + at;
  }

  /** Writes bytes. */
  add(b: Bytes): Writer {
    memory.copy(this.room(b.length), b.ptr, b.length);
    return this;
  }

  /** Writes one byte. */
  byte(b: u8): Writer {
    store<u8>(this.room(1), b);
    return this;
  }

  /** Writes zeros up to a multiple of 8. */
  align(): Writer {
    const n = -this.length & 7;
    memory.fill(this.room(n), 0, n);
    return this;
  }

  /** Writes a text as UTF-8. A constant is better kept as Bytes. */
  text(text: string): Writer {
    const n = String.UTF8.byteLength(text);
    String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, this.room(n));
    return this;
  }

  /** Writes a whole number. */
  int(v: i64): Writer {
    if (v >= 0) return this.uint(v);
    this.byte(0x2d); // -
    return this.uint(-v);
  }

  /** Writes a whole number that is not negative. */
  uint(v: u64): Writer {
    return this.decimal(v, 0);
  }

  /** Writes a number with so many decimals, up to 9, rounded half away from zero. One that is not finite, or beyond 2^53 then, is written as 0. */
  fixed(v: f64, decimals: i32): Writer {
    let n = Math.floor(Math.abs(v) * POWERS[decimals] + 0.5);
    if (!(n < 9007199254740992)) n = 0;
    if (v < 0) this.byte(0x2d);
    return this.decimal(<u64>n, decimals);
  }

  /** Writes a number as the shortest decimal that reads back as it, as far as that has up to 22 decimals. One that is not finite is written as null. */
  number(v: f64): Writer {
    if (!isFinite(v)) return this.text("null");
    const a = Math.abs(v);
    for (let decimals = 0; decimals < POWERS.length && a * unchecked(POWERS[decimals]) < 1e18; decimals++) {
      const n = rounded(a, decimals);
      if (scaled(n, -decimals) == a) {
        if (v < 0) this.byte(0x2d);
        return this.decimal(n, decimals);
      }
    }
    const text = v.toString();
    return this.text(text.endsWith(".0") ? text.slice(0, -2) : text);
  }

  /** Writes a decimal without its point. */
  private decimal(n: u64, decimals: i32): Writer {
    let digits = 1;
    for (let rest = n / 10; rest; rest /= 10) digits++;
    const whole = max(digits - decimals, 1);
    const length = decimals ? whole + 1 + decimals : whole;
    let at = this.room(length) + length;
    for (let i = 0; i < decimals; i++, n /= 10) store<u8>(--at, 0x30 + <u8>(n % 10));
    if (decimals) store<u8>(--at, 0x2e); // .
    for (let i = 0; i < whole; i++, n /= 10) store<u8>(--at, 0x30 + <u8>(n % 10));
    return this;
  }

  /** Writes a text as a JSON string. */
  json(text: Bytes): Writer {
    this.byte(0x22); // "
    for (let i = 0; i < text.length; i++) {
      const c = text.at(i);
      if (c < 0x20) {
        this.add(ESCAPE).byte(0x30 + (c >> 4)).byte((c & 15) < 10 ? 0x30 + (c & 15) : 0x57 + (c & 15));
        continue;
      }
      if (c == 0x22 || c == 0x5c) this.byte(0x5c);
      this.byte(c);
    }
    return this.byte(0x22);
  }
}

const ESCAPE = Bytes.of("\\u00");
