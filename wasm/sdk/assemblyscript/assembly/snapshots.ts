// For behaviours that keep something in their own memory, such as a cache. A module that uses it exports onstream_snapshot and
// onstream_restore of this file.
import { status } from "./behaviour";
import { Bytes } from "./bytes";
import { result } from "./frame";

/** Returns what is to be kept. */
export type SnapshotHandler = () => Bytes;
/** Is given what was kept. That may happen several times, where what were several instances is one now: then the behaviour adds up. */
export type RestoreHandler = (kept: Bytes) => string | null;

let snapshot: SnapshotHandler | null = null;
let restore: RestoreHandler | null = null;

/** Says how what the behaviour keeps becomes bytes, and is made of them. */
export function onSnapshot(taking: SnapshotHandler, restoring: RestoreHandler): void {
  snapshot = taking;
  restore = restoring;
}

export function onstream_snapshot(): i64 {
  const f = snapshot;
  if (f === null) return 0;
  const b = f();
  return result(b.ptr, b.length);
}

const kept = new Bytes();

export function onstream_restore(ptr: usize, length: u32): i32 {
  const f = restore;
  return f === null ? 0 : status(f(kept.set(ptr, length)));
}
