// For behaviours that set timers: calls at a time, for a key. A module that uses it exports onstream_on_timer of this file.
import { answer, output } from "./behaviour";
import { Bytes } from "./bytes";
import { countOf, descriptorsOf } from "./frame";
import * as host from "./host";
import { Output } from "./output";

/** What a timer goes by. */
export enum Clock {
  /** Event time, of a stage that has it. */
  Event,
  /** The clock of the pipeline. */
  Wall,
}

/** Sets the timer of an id for the key of a row: it is due at a time in µs. One of the same clock, id and key moves. */
export function setTimer(row: i32, clock: Clock, id: i64, us: i64): void {
  host.timerSet(row, clock, id, us);
}

/** Takes a timer back, and tells whether there was one. */
export function clearTimer(row: i32, clock: Clock, id: i64): bool {
  return host.timerClear(row, clock, id) == 0;
}

const SIZE: i32 = 32;
const STRING_KEY: u8 = 5;

/** The timers that are due, the earliest first. They are not set any more. The state of a row is that of the key of the timer. */
@final
export class Timers {
  private frame: usize = 0;
  private view: Bytes = new Bytes();

  /** How many there are. */
  length: i32 = 0;

  /** Takes a frame. */
  parse(frame: usize): void {
    this.frame = frame;
    this.length = countOf(frame);
  }

  private at(row: i32): usize {
    return descriptorsOf(this.frame) + row * SIZE;
  }

  /** When the timer was due, in µs. */
  time(row: i32): i64 {
    return load<i64>(this.at(row));
  }

  /** The id of the timer. */
  id(row: i32): i64 {
    return load<i64>(this.at(row), 8);
  }

  /** What the timer goes by. */
  clock(row: i32): Clock {
    return load<u8>(this.at(row), 24);
  }

  /** The key whose timer it is, where that is a string: its bytes; else in the form in which onstream stores it: a byte for its kind, and 8 of a number. */
  key(row: i32): Bytes {
    const d = this.at(row);
    const b = this.view.set(this.frame + load<u32>(d, 16), load<i32>(d, 20));
    return b.length && b.at(0) == STRING_KEY ? b.set(b.ptr + 1, b.length - 1) : b;
  }
}

/** Is given the timers that are due. What it gives out is of no row. */
export type TimersHandler = (timers: Timers, out: Output) => string | null;

let handler: TimersHandler | null = null;

/** Says what is called with timers that are due. */
export function onTimers(f: TimersHandler): void {
  handler = f;
}

const timers = new Timers();

export function onstream_on_timer(ptr: usize, length: u32): i64 {
  const f = handler;
  if (f === null) return -1;
  timers.parse(ptr);
  output.reset(0);
  return answer(f(timers, output));
}
