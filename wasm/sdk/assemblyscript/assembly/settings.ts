import { Bytes } from "./bytes";
import { BOOL, BYTES, countOf, descriptorsOf, DURATION, FLOAT, HEADER_SIZE, INT, JSON, putHeader, SETTINGS, STRING, TIME } from "./frame";
import { Writer } from "./writer";

const SIZE: i32 = 32;

/**
 * The parameters of the module, as the manifest names them. A name that is not there, or a value of another type than is asked for, is a mistake
 * of the module, which it does not survive.
 */
@final
export class Settings {
  private view: Bytes = new Bytes();
  private nameView: Bytes = new Bytes();
  private frame: usize = 0;

  /** How many there are. */
  length: i32 = 0;

  /** Takes a frame. */
  parse(frame: usize): Settings {
    this.frame = frame;
    this.length = countOf(frame);
    return this;
  }

  private at(i: i32): usize {
    return descriptorsOf(this.frame) + i * SIZE;
  }

  /** The name of the i-th of them. */
  name(i: i32): Bytes {
    const d = this.at(i);
    return this.nameView.set(this.frame + load<u32>(d), load<i32>(d, 4));
  }

  /** Whether there is a parameter. */
  has(name: string): bool {
    return this.find(name) != 0;
  }

  private find(name: string): usize {
    for (let i = 0; i < this.length; i++) {
      if (load<u8>(this.at(i), 8) && this.name(i).toString() == name) return this.at(i);
    }
    return 0;
  }

  private names(): string {
    let names = "";
    for (let i = 0; i < this.length; i++) {
      const name = this.name(i).toString();
      if (name.startsWith(".")) continue; // where it runs
      names += names.length ? ", " + name : name;
    }
    return names.length ? names : "none";
  }

  /** A parameter of one of the types, which are bits. */
  private get(name: string, types: u32): usize {
    const d = this.find(name);
    if (!d) abort('there is no parameter "' + name + '": the manifest has ' + this.names());
    const type = load<u8>(d, 8);
    if (!(types & bit(type))) abort('the parameter "' + name + '" is of the type ' + reader(type));
    return d;
  }

  /** A parameter of the type bool. */
  bool(name: string): bool {
    return load<i64>(this.get(name, bit(BOOL)), 16) != 0;
  }

  /** A parameter of the type int, or of time or duration, in µs. */
  int(name: string): i64 {
    return load<i64>(this.get(name, bit(INT) | bit(TIME) | bit(DURATION)), 16);
  }

  /** A parameter of the type float. */
  float(name: string): f64 {
    return load<f64>(this.get(name, bit(FLOAT)), 16);
  }

  /** A parameter of the type string, bytes or json. */
  text(name: string): Bytes {
    const d = this.get(name, bit(STRING) | bit(BYTES) | bit(JSON));
    return this.view.set(this.frame + load<u32>(d, 24), load<i32>(d, 28));
  }

  /** The name of the pipeline that the module runs in. */
  pipeline(): Bytes {
    return this.text(".pipeline");
  }

  /** The address of the stage that the module is. */
  stage(): Bytes {
    return this.text(".stage");
  }
}

// @ts-ignore: decorator
@inline
function bit(type: u8): u32 {
  return 1 << type;
}

/** What a type is called, and what reads it. */
function reader(type: u8): string {
  if (type == BOOL) return "bool: read it with bool";
  if (type == INT) return "int: read it with int";
  if (type == FLOAT) return "float: read it with float";
  if (type == TIME) return "time: read it with int";
  if (type == DURATION) return "duration: read it with int";
  if (type == BYTES) return "bytes: read it with text";
  if (type == JSON) return "json: read it with text";
  return "string: read it with text";
}

/** Makes a frame of settings that are texts, again and again. */
@final
export class SettingsWriter {
  private settings: Writer = new Writer();
  private data: Writer = new Writer();

  /** Forgets the settings. */
  clear(): void {
    this.settings.clear();
    this.data.clear();
  }

  /** Adds a setting whose text is written behind this. It ends with the next one. */
  begin(name: string, type: u8): Writer {
    this.end();
    const at = this.data.length;
    const n = this.data.text(name).length - at;
    const d = this.settings.room(SIZE);
    memory.fill(d, 0, SIZE);
    store<i32>(d, at);
    store<i32>(d, n, 4);
    store<u8>(d, type, 8);
    store<i32>(d, at + n, 24);
    return this.data;
  }

  private end(): void {
    if (!this.settings.length) return;
    const d = this.settings.ptr + this.settings.length - SIZE;
    store<i32>(d, this.data.length - load<i32>(d, 24), 28);
  }

  /** Appends the frame to what a writer has, which is nothing. */
  frame(into: Writer): void {
    this.end();
    const count = this.settings.length / SIZE;
    const first = HEADER_SIZE + this.settings.length;
    for (let d = this.settings.ptr, i = 0; i < count; d += SIZE, i++) {
      store<i32>(d, load<i32>(d) + first);
      store<i32>(d, load<i32>(d, 24) + first, 24);
    }
    into.room(HEADER_SIZE);
    into.add(this.settings.bytes).add(this.data.bytes);
    putHeader(into.ptr, SETTINGS, into.length, count, HEADER_SIZE, count);
  }
}
