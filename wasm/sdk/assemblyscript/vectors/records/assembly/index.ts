// A behaviour whose records say what to do with them: words, separated by one blank.
import {
  Bytes, integer, Level, logBytes, Metric, NO_TIME, now, onConfigure, onOpen, onRecords, Output, Records, Settings, Space, Values, watermark, Writer,
} from "../sdk/assembly/index";
import { onSnapshot } from "../sdk/assembly/snapshots";
import { Clock, clearTimer, onTimers, setTimer, Timers } from "../sdk/assembly/timers";
export * from "../sdk/assembly/module";
export { onstream_restore, onstream_snapshot } from "../sdk/assembly/snapshots";
export { onstream_on_timer } from "../sdk/assembly/timers";

const SPACE: u8 = 0x20;

/** The parameters, as they are told. */
const parameters = new Map<string, string>();
let hits: Metric | null = null;

const memory = new Writer(); // what it remembers
const text = new Writer(); // a value that is being made
const rest = new Bytes(); // the words that nobody has taken yet
const taken = new Bytes();
const name = new Bytes();
let never = false;
const spaces = [new Space(0), new Space(1)];

function configure(s: Settings): string | null {
  parameters.set("milli", (<i64>(s.float("milli") * 1000)).toString());
  parameters.set("label", s.text("label").toString());
  parameters.set("flag", s.bool("flag") ? "1" : "0");
  parameters.set("wait", s.int("wait").toString());
  parameters.set("count", s.int("count").toString());
  parameters.set(".pipeline", s.pipeline().toString());
  parameters.set(".stage", s.stage().toString());
  return null;
}

onOpen((s: Settings): string | null => {
  hits = Metric.counter("hits");
  return configure(s);
});

onConfigure(configure);

onSnapshot(
  (): Bytes => memory.bytes,
  (kept: Bytes): string | null => {
    memory.add(kept);
    return null;
  },
);

/** Takes a word. */
function word(into: Bytes): Bytes {
  return rest.cut(SPACE, into);
}

function integerWord(): i64 {
  return integer(word(taken));
}

function spaceWord(): Space {
  return spaces[word(taken).at(0) == 0x62 ? 1 : 0]; // b
}

function clockWord(): Clock {
  return word(taken).at(0) == 0x77 ? Clock.Wall : Clock.Event; // w
}

function say(out: Output, row: i32, value: Bytes): void {
  out.pass(row).setValue(value);
}

function sayText(out: Output, row: i32, value: string): void {
  say(out, row, text.clear().text(value).bytes);
}

function sayInt(out: Output, row: i32, v: i64): void {
  say(out, row, text.clear().int(v).bytes);
}

onRecords((batch: Records, out: Output): string | null => {
  for (let row = 0; row < batch.length; row++) {
    const value = batch.value(row);
    rest.set(value.ptr, value.length);
    const command = word(taken).toString();
    if (command == "error") return rest.toString();
    if (!change(out, row, command) && !keep(batch, out, row, command) && !tell(batch, out, row, command)) {
      out.fail(row, text.clear().text("unknown command ").text(command).bytes);
    }
  }
  return null;
});

/** Runs the commands about what becomes of a row, and tells whether it is one. */
function change(out: Output, row: i32, command: string): bool {
  if (command == "pass" || command == "stale") {
    out.pass(row);
  } else if (command == "fail") {
    out.fail(row, rest);
  } else if (command == "retry") {
    out.retry(row);
  } else if (command == "value") {
    say(out, row, rest);
  } else if (command == "key") {
    out.pass(row).setKey(rest);
  } else if (command == "nokey") {
    out.pass(row).setNoKey();
  } else if (command == "time") {
    out.pass(row).setTime(integerWord());
  } else if (command == "header") {
    word(name);
    out.pass(row).setHeader(name, rest);
  } else if (command == "side") {
    say(out, row, rest);
    out.setPort(1);
  } else if (command == "twice") {
    out.pass(row).pass(row);
  } else if (command == "new") {
    out.add().setValue(rest);
  } else if (command == "emit") {
    say(out, row, rest);
    out.flush();
    out.pass(row);
  } else if (command == "trap") {
    abort("told to");
  } else if (command == "spin") {
    while (!never) {}
  } else if (command != "drop") {
    return false;
  }
  return true;
}

/** Runs the commands about state and timers, and tells whether it is one. */
function keep(batch: Records, out: Output, row: i32, command: string): bool {
  if (command == "get") {
    const value = spaceWord().get(row, word(name));
    if (value) say(out, row, value);
    else sayText(out, row, "absent");
  } else if (command == "put") {
    const space = spaceWord();
    word(name);
    const ttl = integerWord();
    space.put(row, name, rest, ttl);
    out.pass(row);
  } else if (command == "del") {
    sayText(out, row, spaceWord().delete(row, word(name)) ? "deleted" : "absent");
  } else if (command == "many") {
    const values = spaceWord().getAll(word(name), batch.length);
    say(out, row, list(values, batch.length));
  } else if (command == "some") {
    const space = spaceWord();
    word(name);
    const rows: u32[] = [];
    while (rest.length) rows.push(<u32>integerWord());
    say(out, row, list(space.getMany(name, rows), rows.length));
  } else if (command == "timer") {
    const clock = clockWord();
    const id = integerWord();
    setTimer(row, clock, id, integerWord());
    out.pass(row);
  } else if (command == "clear") {
    const clock = clockWord();
    sayText(out, row, clearTimer(row, clock, integerWord()) ? "cleared" : "absent");
  } else {
    return false;
  }
  return true;
}

/** Writes the values of a name. */
function list(values: Values, n: i32): Bytes {
  text.clear();
  for (let i = 0; i < n; i++) {
    if (i) text.byte(0x2c);
    const value = values.at(i);
    if (value) text.add(value);
    else text.byte(0x2d);
  }
  return text.bytes;
}

/** Runs the commands that tell the host or ask it, and tells whether it is one. */
function tell(batch: Records, out: Output, row: i32, command: string): bool {
  if (command == "about") {
    about(batch, row);
    say(out, row, text.bytes);
  } else if (command == "now") {
    sayInt(out, row, now());
  } else if (command == "watermark") {
    const at = watermark();
    if (at == NO_TIME) sayText(out, row, "none");
    else sayInt(out, row, at);
  } else if (command == "param") {
    sayText(out, row, parameters.get(rest.toString()));
  } else if (command == "log") {
    const level = integerWord();
    logBytes(<Level>level, rest);
    out.pass(row);
  } else if (command == "remember") {
    memory.clear().add(rest);
    out.pass(row);
  } else if (command == "recall") {
    say(out, row, memory.bytes);
  } else if (command == "count") {
    word(name);
    hits!.record(<f64>integerWord());
    out.pass(row);
  } else {
    return false;
  }
  return true;
}

/** Writes what is known of a record. */
function about(batch: Records, row: i32): void {
  text.clear().text("key=");
  if (batch.hasKey(row)) text.add(batch.key(row));
  else text.byte(0x2d);
  text.text(" time=");
  if (batch.hasTime(row)) text.int(batch.time(row));
  else text.byte(0x2d);
  text.text(" seq=").uint(batch.seq(row)).text(" headers=");
  for (let i = 0; i < batch.headers(row); i++) {
    if (i) text.byte(0x2c);
    text.add(batch.headerName(row, i)).byte(0x3a).add(batch.headerValue(row, i));
  }
}

onTimers((timers: Timers, out: Output): string | null => {
  for (let row = 0; row < timers.length; row++) {
    text.clear().text(timers.clock(row) == Clock.Wall ? "timer wall " : "timer event ");
    text.int(timers.id(row)).byte(SPACE).int(timers.time(row));
    out.add().setKey(timers.key(row)).setValue(text.bytes);
  }
  return null;
});
