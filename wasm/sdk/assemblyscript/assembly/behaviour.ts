import { Bytes } from "./bytes";
import { Columns } from "./columns";
import * as host from "./host";
import { Output } from "./output";
import { Records } from "./records";
import { Settings } from "./settings";
import { Writer } from "./writer";

// What a behaviour does. A function returns null, or the message of an error with which the call is to end.

/** Is given the parameters once, before all else. Metrics are defined in it. */
export type OpenHandler = (settings: Settings) => string | null;
/** Is given records. */
export type RecordsHandler = (batch: Records, out: Output) => string | null;
/** Is given columns of records. */
export type ColumnsHandler = (batch: Columns, out: Output) => string | null;

export let openHandler: OpenHandler | null = null;
export let configureHandler: OpenHandler | null = null;
export let recordsHandler: RecordsHandler | null = null;
export let columnsHandler: ColumnsHandler | null = null;

/** Says what is called once with the parameters. */
export function onOpen(f: OpenHandler): void {
  openHandler = f;
}

/** Says what is called with new values of parameters that are hot. Without it, another instance is made. */
export function onConfigure(f: OpenHandler): void {
  configureHandler = f;
}

/** Says what is called with records. */
export function onRecords(f: RecordsHandler): void {
  recordsHandler = f;
}

/** Says what is called with columns. */
export function onColumns(f: ColumnsHandler): void {
  columnsHandler = f;
}

/** What the call gives out. */
export const output = new Output();

const said = new Writer();

function encoded(text: string): Bytes {
  return said.clear().text(text).bytes;
}

/** Ends an export that gives out something. It is for files that add exports. */
export function answer(error: string | null): i64 {
  return error === null ? output.result() : <i64>status(error);
}

/** Ends an export that gives out nothing. It is for files that add exports. */
export function status(error: string | null): i32 {
  if (error === null) return 0;
  const b = encoded(error);
  host.error(b.ptr, b.length);
  return -1;
}

/** How important a line of the log is. */
export enum Level {
  Debug,
  Info,
  Warn,
  Error,
}

/** Logs a line. The stage limits how many there are in a second. */
export function log(level: Level, text: string): void {
  logBytes(level, encoded(text));
}

/** Logs a line. */
export function logBytes(level: Level, text: Bytes): void {
  host.log(level, text.ptr, text.length);
}

/** Whether somebody reads the lines of a level. */
export function logEnabled(level: Level): bool {
  return host.logEnabled(level) != 0;
}

/** The pipeline's clock in µs. It is the same during a call. */
export function now(): i64 {
  return host.now();
}

/** What a time is that is not known. */
export const NO_TIME: i64 = i64.MIN_VALUE;

/** Event time in µs, NO_TIME before it is known. It is the same during a call. */
export function watermark(): i64 {
  return host.watermark();
}

/** What the compiler calls where a module cannot go on. */
@global
export function onstreamAbort(message: string | null = null, file: string | null = null, line: u32 = 0, column: u32 = 0): void {
  let text = "abort";
  if (message !== null) text = message;
  if (file !== null) text += " (" + file + ":" + line.toString() + ":" + column.toString() + ")";
  status(text);
  unreachable();
}
