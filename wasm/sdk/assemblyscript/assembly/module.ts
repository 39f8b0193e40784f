// What every behaviour exports: export * from this file.
import { answer, columnsHandler, configureHandler, openHandler, output, recordsHandler, status } from "./behaviour";
import { Columns } from "./columns";
import { COLUMNS, kindOf, RECORDS } from "./frame";
import { Records } from "./records";
import { Settings } from "./settings";
import { Writer } from "./writer";

const input = new Writer();
const records = new Records();
const columns = new Columns();
const settings = new Settings();

export function onstream_abi_v1(): void {}

export function onstream_alloc(n: u32): usize {
  return (input.clear().room(n + 15) + 15) & ~15;
}

export function onstream_open(ptr: usize, length: u32): i32 {
  const f = openHandler;
  return f === null ? 0 : status(f(settings.parse(ptr)));
}

export function onstream_configure(ptr: usize, length: u32): i32 {
  const f = configureHandler;
  return status(f === null ? "the behaviour has no function for new parameters" : f(settings.parse(ptr)));
}

export function onstream_process(ptr: usize, length: u32): i64 {
  const kind = kindOf(ptr);
  const forRecords = recordsHandler;
  if (kind == RECORDS && forRecords !== null) {
    records.parse(ptr);
    output.reset(records.length);
    return answer(forRecords(records, output));
  }
  const forColumns = columnsHandler;
  if (kind == COLUMNS && forColumns !== null) {
    columns.parse(ptr);
    output.reset(columns.length);
    return answer(forColumns(columns, output));
  }
  abort("the manifest says that the module is given something else than what it takes: look at its mode");
  return 0;
}
