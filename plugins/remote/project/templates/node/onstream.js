"use strict";
/**
 * Write plugins for onstream in JavaScript: sources, transforms, sinks and look-ups that run in a process of their own.
 *
 * A plugin is a program that names its kinds and serves them:
 *
 *     const { Plugin, Transform, types, attrs } = require("./onstream");
 *
 *     class Classify extends Transform {
 *       static kind = "classify";
 *       static attrs = [attrs.expression("value", { required: true, want: types.number })];
 *       fields = { level: types.text };
 *       record(record) {
 *         return { level: record.get("value") > 30 ? "hot" : "ok" };
 *       }
 *     }
 *
 *     new Plugin("acme", "0.1.0", [Classify]).serve();
 *
 * Each stage of a pipeline, and each instance of it, is an object of its kind's class. The constructor is where the configuration of a stage is
 * checked (throw a ConfigError): it does no input or output, since it runs for each validation. open() connects, close() ends; these and all other
 * methods may return promises.
 *
 * Errors. A RowError fails one record, with a code, and it goes to the error output; so does any other exception in Transform.record. A StageError
 * stops the stage. Any other exception in open, write, flush or find passes: onstream tries again.
 *
 * Values. An integer is a number where that is exact and a BigInt beyond 2^53; both are taken. A time is a BigInt of nanoseconds since 1970, a
 * duration one of nanoseconds; bytes are a Buffer; lists, maps and records are arrays and objects; null is null. Durations of the configuration are
 * numbers, in seconds.
 *
 * What is written with log, with console or to standard error goes to onstream's log. A secret is a Secret, and shows its value only when it is
 * revealed.
 *
 * The protocol itself is described in plugin.proto. This file is yours: it came with the project and may be changed.
 */

const SERVED = process.env.ONSTREAM_PLUGIN === "onstream.plugin.v1";

// The first line on standard output is the handshake: what else is printed goes to the log.
const printHandshake = process.stdout.write.bind(process.stdout);
if (SERVED) process.stdout.write = process.stderr.write.bind(process.stderr);

const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");

const MESSAGE_CAP = 32 << 20; // bytes of a message
const ROOM = 64 << 10; // of it, for all that is not values
const MOST = MESSAGE_CAP - ROOM;

// ---- the log

function tell(level, message, more = {}) {
  const line = { ...more, "@level": level, "@message": bounded(String(message)) };
  let text;
  try {
    text = JSON.stringify(line, (_, v) => (typeof v === "bigint" ? String(v) : v));
  } catch {
    text = JSON.stringify({ "@level": level, "@message": line["@message"] });
  }
  process.stderr.write(text + "\n");
}

/** Messages for onstream's log, with attributes: log.info("connected", { host }). */
const log = {};
for (const level of ["trace", "debug", "info", "warn", "error"]) log[level] = (message, more) => tell(level, message, more);

function bounded(text) {
  text = text.isWellFormed() ? text : text.toWellFormed();
  return text.length <= 4096 ? text : text.slice(0, 4096).toWellFormed() + "…";
}

// ---- errors

/** Something is wrong with the attribute at a path, such as "every" or "output[hot].when". onstream shows it at its line. */
class ConfigError extends Error {
  constructor(path, message) {
    super(message);
    this.path = path;
  }
}

/** A record failed, for a reason with a short and stable code. */
class RowError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** A stage cannot go on, and trying again does not mend it. */
class StageError extends Error {}

/** The source is to end: let it pass. */
class Stopped extends Error {}

const isKnown = (e) => e instanceof ConfigError || e instanceof RowError || e instanceof StageError || (e instanceof Error && typeof e.syscall === "string");

function messageOf(e) {
  if (!(e instanceof Error)) return bounded(String(e));
  return bounded(isKnown(e) && e.message ? e.message : `${e.name}: ${e.message}`);
}

const traced = new Set();

/** Log where an exception of the author's code came from, once for each place. */
function trace(e) {
  if (isKnown(e) || !(e instanceof Error)) return;
  const place = String(e.stack).split("\n").find((line) => line.startsWith("    at ")) ?? e.message;
  if (traced.has(place) || traced.size > 100) return;
  traced.add(place);
  log.warn(e.stack, { "@module": "onstream" });
}

/** What onstream is told of an exception. Only a StageError, a ConfigError or a wrong use of JavaScript is not tried again. */
function problemOf(e, operation) {
  trace(e);
  const permanent = [StageError, ConfigError, TypeError, ReferenceError, SyntaxError].some((c) => e instanceof c) && typeof e.syscall !== "string";
  return { message: messageOf(e), permanent, operation };
}

function failureOf(row, e) {
  trace(e);
  return { row, code: e instanceof RowError ? bounded(String(e.code)) : "exception", message: messageOf(e) };
}

// ---- types and attributes

const KINDS = ["any", "null", "bool", "int", "float", "string", "bytes", "time", "duration", "list", "map", "record"];
const [ANY, NULL, BOOLEAN, INTEGER, NUMBER, TEXT, BYTES, TIME, PERIOD, LIST, MAP, RECORD] = KINDS.keys();

/** The types of fields and expressions. types.orNull(types.number) is one that may be null. */
const types = {
  any: { kind: ANY },
  boolean: { kind: BOOLEAN },
  integer: { kind: INTEGER },
  number: { kind: NUMBER },
  text: { kind: TEXT },
  bytes: { kind: BYTES },
  time: { kind: TIME },
  period: { kind: PERIOD },
  list: (element) => ({ kind: LIST, element }),
  map: (element) => ({ kind: MAP, element }),
  record: (fields) => ({ kind: RECORD, fields: fieldsOf(fields) }),
  orNull: (type) => ({ ...type, nullable: true }),
};

const ATTRS = ["string", "int", "float", "bool", "duration", "size", "strings", "stringMap", "value", "secret", "file", "expression", "expressions"];

/**
 * The attributes of a kind: attrs.string("host", { required: true, doc: "Where it is." }). Besides required and doc there are: default, enum, min, max (of
 * numbers, sizes and durations, these in seconds), and want, the type that an expression must have.
 */
const attrs = Object.fromEntries(ATTRS.map((word, type) => [word, (name, more = {}) => ({ name, type, word, ...more })]));

/** A nested block: block("output", { attrs: [...], label: "name", repeated: true }). */
const block = (name, more = {}) => ({ name, attrs: [], blocks: [], ...more });

const fieldsOf = (fields) => Object.entries(fields ?? {}).map(([name, type]) => ({ name, type }));

const DEFAULTS = {
  string: (v) => ({ string: v }),
  file: (v) => ({ string: v }),
  int: (v) => ({ int: String(v) }),
  size: (v) => ({ int: String(v) }),
  float: (v) => ({ float: v }),
  bool: (v) => ({ bool: v }),
  duration: (v) => ({ duration: String(Math.round(v * 1e9)) }),
  strings: (v) => ({ strings: { values: v } }),
};

function schemaOf(of, doc) {
  return {
    doc: doc ?? of.doc ?? "",
    example: of.example ?? "",
    attrs: (of.attrs ?? []).map(({ word, ...a }) => {
      if (a.default === undefined) return a;
      if (!DEFAULTS[word]) throw new TypeError(`attribute ${a.name}: its type has no defaults`);
      return { ...a, default: DEFAULTS[word](a.default) };
    }),
    blocks: (of.blocks ?? []).map((b) => ({
      name: b.name,
      label: b.label ?? "",
      required: !!b.required,
      repeated: !!b.repeated,
      doc: b.doc ?? "",
      schema: schemaOf(b),
    })),
  };
}

// ---- configuration

/** A value that no log and no message shows. */
class Secret {
  #value;
  constructor(value) {
    this.#value = value;
  }
  /** The value itself. */
  reveal() {
    return this.#value.toString();
  }
  toString() {
    return "(secret)";
  }
  toJSON() {
    return "(secret)";
  }
  [Symbol.for("nodejs.util.inspect.custom")]() {
    return "(secret)";
  }
}

/** What a pipeline says an attribute is per record. record.get(expression) is its value. */
class Expression {
  constructor(e) {
    this.text = e.text;
    this.type = e.type ?? types.any;
    this.field = e.field;
    this.column = e.column;
    this.constant = e.constant ? fromValue(e.constant) : null; // where it is the same for every record
  }
}

/** A block. config.get("name") is an attribute, null where it was not written; config.blocks("name") are its nested blocks. */
class Config {
  #values = new Map();
  #blocks;
  constructor(message) {
    for (const s of message?.settings ?? []) this.#values.set(s.name, setting(s));
    this.#blocks = (message?.blocks ?? []).map((b) => ({ name: b.name, label: b.label, config: new Config(b.config) }));
  }
  get(name) {
    return this.#values.get(name) ?? null;
  }
  has(name) {
    return this.get(name) !== null;
  }
  /** The nested blocks of a name, each with its label and config. */
  blocks(name) {
    return this.#blocks.filter((b) => b.name === name);
  }
}

function setting(s) {
  switch (s.value) {
    case "string":
    case "float":
    case "bool":
      return s[s.value];
    case "int":
      return integer(s.int);
    case "duration":
      return Number(s.duration) / 1e9;
    case "strings":
      return s.strings.values;
    case "stringMap":
      return { ...s.stringMap.values };
    case "any":
      return fromValue(s.any);
    case "secret":
      return new Secret(Buffer.from(s.secret));
    case "expression":
      return new Expression(s.expression);
    case "expressions":
      return new Map(s.expressions.values.map((v) => [v.name, new Expression(v.expression)]));
    default: // a newer onstream may know more
      return null;
  }
}

/** What a stage measures of itself. */
class Metrics {
  #values = new Map();
  /** Add to a counter. */
  count(name, by = 1) {
    this.#of(0, name, [0]).values[0] += by;
  }
  /** Set a gauge. */
  gauge(name, value) {
    this.#of(1, name, [0]).values[0] = value;
  }
  /** Add a value to a histogram. */
  observe(name, value) {
    const { values } = this.#of(2, name, []);
    if (values.length < 10000) values.push(value);
  }
  #of(kind, name, values) {
    const key = kind + name;
    if (!this.#values.has(key)) this.#values.set(key, { kind, name, values });
    return this.#values.get(key);
  }
  take() {
    const metrics = [...this.#values.values()];
    this.#values.clear();
    return metrics.length > 0 ? { metrics } : null;
  }
}

// ---- values

/** An integer of 64 bits, as a number where that is exact. */
function integer(v) {
  const n = typeof v === "object" ? v.toNumber() : Number(v);
  return Number.isSafeInteger(n) ? n : BigInt(v.toString());
}

const big = (v) => BigInt(v.toString());

/** JSON without loss: an integer that is no exact number becomes a BigInt. */
function parseJSON(text) {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  JSON.parse(text); // it is JSON, so what follows need not look twice
  const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null|[{}[\],:]/g;
  const next = () => tokens.exec(text)[0];
  const value = (token) => {
    if (token === "{" || token === "[") {
      const made = token === "{" ? {} : [];
      for (let t = next(); t !== "}" && t !== "]"; t = next()) {
        if (t === ",") t = next();
        if (token === "[") {
          made.push(value(t));
          continue;
        }
        next(); // the colon
        Object.defineProperty(made, JSON.parse(t), { value: value(next()), enumerable: true, writable: true, configurable: true });
      }
      return made;
    }
    if (!/^-?\d+$/.test(token)) return JSON.parse(token);
    const n = Number(token);
    return Number.isSafeInteger(n) ? n : BigInt(token);
  };
  return value(next());
}

/** JSON of a value that may have BigInts in it; it throws a TypeError for what has no JSON. */
function toJSON(v, depth = 0) {
  if (depth > 200) throw new TypeError("it is nested more than 200 deep");
  if (typeof v === "bigint") return v.toString();
  if (Array.isArray(v)) return "[" + v.map((each) => toJSON(each ?? null, depth + 1)).join(",") + "]";
  if (v !== null && typeof v === "object" && isPlain(v)) {
    const members = Object.entries(v).filter(([, each]) => each !== undefined);
    return "{" + members.map(([name, each]) => JSON.stringify(name) + ":" + toJSON(each, depth + 1)).join(",") + "}";
  }
  const text = JSON.stringify(v);
  if (text === undefined) throw new TypeError(`there is no JSON for ${typeof v}`);
  return text;
}

const isPlain = (v) => [Object.prototype, null].includes(Object.getPrototypeOf(v));

function fromText(kind, bytes) {
  return kind === BYTES ? bytes : kind === TEXT ? bytes.toString() : parseJSON(bytes.toString());
}

function fromValue(v) {
  switch (v.kind) {
    case ANY:
    case NULL:
      return null;
    case BOOLEAN:
      return Number(v.int) !== 0;
    case INTEGER:
      return integer(v.int);
    case NUMBER:
      return v.number;
    case TIME:
    case PERIOD:
      return big(v.int);
    default:
      return fromText(v.kind, v.text);
  }
}

function runsOf(bytes) {
  let at = 0;
  return (bytes?.lengths ?? []).map((n) => bytes.data.subarray(at, (at += n)));
}

const toRuns = (runs) => ({ data: Buffer.concat(runs), lengths: runs.map((r) => r.length) });

const numberBits = new DataView(new ArrayBuffer(8));

function fromBits(v) {
  numberBits.setBigInt64(0, big(v));
  return numberBits.getFloat64(0);
}

function toBits(v) {
  numberBits.setFloat64(0, v);
  return numberBits.getBigInt64(0).toString();
}

function fromColumn(c) {
  const nulls = c.nulls.length > 0 ? c.nulls : null;
  // What stands in a row that is null does not matter: it need not be text or JSON.
  const each = (values, f) => values.map((v, i) => (nulls?.[i] ? null : f(v)));
  switch (c.kind) {
    case BOOLEAN:
      return each(c.bools, (v) => v);
    case INTEGER:
      return each(c.ints, integer);
    case TIME:
    case PERIOD:
      return each(c.ints, big);
    case NUMBER:
      return each(c.floats, (v) => v);
    case TEXT:
    case BYTES:
    case LIST:
    case MAP:
    case RECORD:
      return each(runsOf(c.texts), (v) => fromText(c.kind, v));
    case ANY: {
      const texts = runsOf(c.texts);
      return [...c.kinds].map((kind, i) => {
        if (kind === NUMBER) return fromBits(c.ints[i]);
        return fromValue({ kind, int: c.ints[i] ?? 0, text: texts[i] ?? Buffer.alloc(0) });
      });
    }
    default:
      throw new StageError(`column ${c.name} is of the unknown kind ${c.kind}: update the plugin to a newer protocol`);
  }
}

function kindOf(v) {
  if (v === null || v === undefined) return NULL;
  if (typeof v === "boolean") return BOOLEAN;
  if (typeof v === "bigint") return INTEGER;
  if (typeof v === "number") return Number.isSafeInteger(v) && !Object.is(v, -0) ? INTEGER : NUMBER;
  if (typeof v === "string") return TEXT;
  if (v instanceof Uint8Array) return BYTES;
  if (Array.isArray(v)) return LIST;
  return typeof v === "object" && isPlain(v) ? RECORD : -1;
}

const nameOf = (v) => (v !== null && typeof v === "object" ? (v.constructor?.name ?? "object") : typeof v);

/** Return the kind of a value that has a type; a RowError says why it has not. */
function check(name, type, v, inside = false) {
  const is = kindOf(v);
  if (is === NULL) {
    if (type.nullable || type.kind === ANY) return NULL;
    throw new RowError("null", `field ${name} is null, and its type is ${KINDS[type.kind]}: return a value, or declare it with types.orNull`);
  }
  const kind = type.kind === ANY ? is : type.kind;
  let fits = is === kind || (kind === NUMBER && is === INTEGER) || ((kind === TIME || kind === PERIOD) && is === INTEGER) || (kind === MAP && is === RECORD);
  if (inside && [BYTES, TIME, PERIOD].includes(kind)) fits = is === TEXT; // what JSON has for them is a text
  if (!fits || is < 0) {
    const what = kind === INTEGER && is === NUMBER ? `${v}, which is no exact integer: write a BigInt, or round it` : `of type ${nameOf(v)}, not ${KINDS[type.kind]}`;
    throw new RowError("type", `field ${name} is ${what}`);
  }
  if (typeof v === "bigint" && kind !== NUMBER && BigInt.asIntN(64, v) !== v) throw new RowError("overflow", `field ${name} does not fit into 64 bits`);
  if (kind === NUMBER && !Number.isFinite(Number(v))) throw new RowError("overflow", `field ${name} is not a finite number`);
  if (is === LIST) v.forEach((each, i) => check(`${name}[${i}]`, type.element ?? types.any, each, true));
  if (is === RECORD) {
    const fields = new Map((type.fields ?? []).map((f) => [f.name, f.type]));
    for (const [k, each] of Object.entries(v)) check(`${name}.${k}`, fields.get(k) ?? type.element ?? types.any, each, true);
    for (const [k, t] of fields) if (!Object.hasOwn(v, k)) check(`${name}.${k}`, t, null, true);
  }
  return kind;
}

/** The bytes of a value that is no number. */
function toBytes(name, kind, v) {
  if (kind === BYTES) return Buffer.from(v);
  let text;
  try {
    text = kind === TEXT ? v : toJSON(v);
  } catch (e) {
    throw new RowError("type", `field ${name} cannot be written as ${KINDS[kind]}: ${e.message}`);
  }
  if (!text.isWellFormed()) throw new RowError("type", `field ${name} has half of a surrogate pair, which is no text`);
  return Buffer.from(text);
}

const EMPTY = Buffer.alloc(0);

/** The columns of fields, filled row by row. */
class Columns {
  constructor(fields) {
    this.fields = Object.entries(fields);
    this.rows = [];
    this.size = 0;
  }

  /** Return a row that can be pushed, as its kinds, values and size; one that does not fit throws a RowError. */
  row(record) {
    if (kindOf(record) !== RECORD) throw new RowError("type", `a record is of type ${nameOf(record)}: it is to be an object of its fields`);
    for (const name of Object.keys(record)) {
      if (!this.fields.some(([known]) => known === name)) {
        throw new RowError("type", `field "${name}" is not one of the kind: it has ${this.fields.map(([known]) => known).join(", ") || "none"}`);
      }
    }
    let size = 16;
    const cells = this.fields.map(([name, type]) => {
      let v = Object.hasOwn(record, name) ? record[name] : null;
      const kind = check(name, type, v);
      if (kind >= TEXT && kind !== TIME && kind !== PERIOD) {
        v = toBytes(name, kind, v);
        size += v.length;
      }
      size += 10;
      return { kind, v };
    });
    if (size > MOST) throw new RowError("too_large", `the record has ${size} bytes, and a message has ${MESSAGE_CAP} at most: make it smaller`);
    return { cells, size };
  }

  push(row) {
    this.rows.push(row.cells);
    this.size += row.size;
  }

  /** Add a row that does not matter. */
  skip() {
    this.rows.push(this.fields.map(() => ({ kind: NULL, v: null })));
  }

  /** What has been added, as messages. */
  columns() {
    return this.fields.map(([name, type], at) => {
      const cells = this.rows.map((row) => row[at]);
      const c = { name: name.replaceAll("~", "~0").replaceAll("/", "~1"), kind: type.kind };
      const each = (empty, f) => cells.map(({ kind, v }) => (kind === NULL ? empty : f(v)));
      if (type.kind === ANY) {
        c.kinds = Buffer.from(cells.map((cell) => cell.kind));
        c.ints = cells.map(({ kind, v }) => (kind === NUMBER ? toBits(Number(v)) : kind === BOOLEAN ? Number(v) : kind === INTEGER ? String(v) : 0));
        c.texts = toRuns(cells.map(({ v }) => (Buffer.isBuffer(v) ? v : EMPTY)));
        return c;
      }
      if (type.kind === BOOLEAN) c.bools = each(false, (v) => v);
      else if ([INTEGER, TIME, PERIOD].includes(type.kind)) c.ints = each(0, (v) => (typeof v === "bigint" ? v.toString() : v));
      else if (type.kind === NUMBER) c.floats = each(0, Number);
      else c.texts = toRuns(each(EMPTY, (v) => v));
      if (cells.some((cell) => cell.kind === NULL)) c.nulls = cells.map((cell) => cell.kind === NULL);
      return c;
    });
  }
}

// ---- batches

/** A record of a batch. */
class Record {
  #batch;
  constructor(batch, row) {
    this.#batch = batch;
    this.row = row;
  }
  /** The value of an expression, which the name of its attribute stands for; an object of these where it is an object of expressions. */
  get(of) {
    const e = typeof of === "string" ? this.#batch.config.get(of) : of;
    if (e instanceof Map) return Object.fromEntries([...e].map(([name, each]) => [name, this.get(each)]));
    return e === null ? null : this.#batch.column(e)[this.row];
  }
  /** The payload, a Buffer. */
  get value() {
    return this.#batch.values[this.row] ?? null;
  }
  get key() {
    return this.#batch.keys[this.row] ?? null;
  }
  get topic() {
    return this.#batch.topics[this.row]?.toString() ?? this.#batch.oneTopic;
  }
  /** When it happened, in nanoseconds since 1970; null where that is not known. */
  get time() {
    const t = this.#batch.times[this.row];
    return t === undefined ? null : big(t);
  }
  /** Pairs of a name and a Buffer. */
  get headers() {
    return this.#batch.headers(this.row);
  }
  /** The payload of a stage whose format is JSON. */
  json() {
    return parseJSON((this.value ?? "null").toString());
  }
}

/** Records in order: batch.records. */
class Batch {
  #columns = new Map();
  #byName;
  #headers;
  #message;
  constructor(message, config) {
    message ??= {};
    this.#message = message;
    this.config = config;
    this.values = runsOf(message.values);
    this.keys = runsOf(message.keys);
    this.topics = runsOf(message.topics);
    this.oneTopic = message.oneTopic ?? "";
    this.times = message.times ?? [];
    this.preamble = message.preamble ?? EMPTY;
    this.failures = new Map();
    this.length = message.rows ?? 0;
    this.#byName = new Map((message.columns ?? []).map((c) => [c.name, c]));
    this.records = Array.from({ length: this.length }, (_, row) => new Record(this, row));
  }
  /** Fail one record, which goes to the error output. */
  fail(record, code, message) {
    if (!this.failures.has(record.row)) this.failures.set(record.row, { row: record.row, code: bounded(String(code)), message: bounded(String(message)) });
  }
  /** The values of an expression, by row. */
  column(expression) {
    const e = typeof expression === "string" ? this.config.get(expression) : expression;
    let values = this.#columns.get(e.column);
    if (!values) {
      const message = this.#byName.get(e.column);
      values = message ? fromColumn(message) : Array(this.length).fill(e.constant);
      this.#columns.set(e.column, values);
    }
    return values;
  }
  headers(row) {
    if (!this.#headers) {
      const h = this.#message.headers;
      const names = runsOf(h?.names).map(String);
      const values = runsOf(h?.values);
      let at = 0;
      this.#headers = (h?.counts ?? []).map((n) => Array.from({ length: n }, () => [names[at], values[at++]]));
    }
    return this.#headers[row] ?? [];
  }
}

// ---- kinds

/**
 * What all kinds have. Static: kind (the name), doc, example (HCL of a whole stage), attrs, blocks, payload, defaultFormat, topic, body, headers.
 * Of each stage: remarks, for people who plan.
 */
class Kind {
  static kind = "";
  static payload = false;
  remarks = [];
  /** Check the configuration; no input or output here. */
  constructor(stage) {
    this.stage = stage;
    this.config = stage.config;
  }
  /** Connect. It is called again when it failed with anything but a StageError. */
  open() {}
  /** Finish and disconnect. */
  close() {}
}

/** A source delivers records in run(). Those of a kind with payload are Buffers, those of others objects with its fields. */
class Source extends Kind {
  fields = {};
  seekable = false; // it resumes at a position
  redelivers = false; // it brings again what was not acknowledged
  ordered = true;
  weakens = ""; // what the configuration loses in which case
  /** Deliver records until the input ends, or until out.stopping. Retry what fails for a while. */
  async run(_out) {
    throw new StageError(`${this.constructor.kind} has no run()`);
  }
  /** { done, total, lag }, as far as they are known; asked now and then. */
  status() {
    return null;
  }
}

/**
 * A transform changes records, one after the other; several instances may run. makes says what the records of its output are: those of its
 * input with the fields added ("input"), records of its own with these fields ("columns"), or payloads ("payload").
 */
class Transform extends Kind {
  fields = {};
  makes = "input";
  removes = []; // of "input": fields that are not in the record any more
  volatile = false; // results depend on more than the record
  /** Return the fields to add, or null to drop the record. Where it makes records of its own: one (an object, or a Buffer), or an array of them. */
  record(_record) {
    throw new StageError(`${this.constructor.kind} has no record()`);
  }
  /** What record() returns, for each of the records; an Error stands for one that failed. Override it where many at once are quicker. */
  async batch(records) {
    const results = [];
    for (const r of records) {
      try {
        const result = this.record(r);
        results.push(result instanceof Promise ? await result : result);
      } catch (e) {
        if (e instanceof StageError) throw e;
        results.push(e instanceof Error ? e : new Error(String(e)));
      }
    }
    return results;
  }
}

/** A sink writes records. Those of a kind with payload have a value in the stage's format. */
class Sink extends Kind {
  idempotent = false; // writing a record twice is as writing it once
  ordered = true;
  weakens = "";
  fixedTopic = "";
  /** Write the records; they are durable when it returns. batch.fail() takes one out. After an exception all of them come again. */
  async write(_batch) {
    throw new StageError(`${this.constructor.kind} has no write()`);
  }
  /** Finish what write() held back. */
  flush() {}
}

/** A look-up finds what is known elsewhere about keys. */
class Lookup extends Kind {
  found = null; // the type of the records
  /** Return an object for each of the keys, null for one that is not there. Several calls may be under way. */
  async find(_keys) {
    throw new StageError(`${this.constructor.kind} has no find()`);
  }
}

const ROLES = new Map([[Source, 1], [Transform, 2], [Sink, 3], [Lookup, 4]]);
const FROM = { input: 0, payload: 1, columns: 2 };

// ---- the sessions of stages

/** One stream: its requests, in order, and its answers. */
class Stream {
  #call;
  #waiting = [];
  #wake = null;
  over = false;
  constructor(call) {
    this.#call = call;
    const end = () => {
      this.over = true;
      this.#wake?.();
    };
    call.on("data", (m) => {
      this.#waiting.push(m);
      call.pause();
      this.#wake?.();
    });
    call.on("end", end);
    call.on("cancelled", end);
    call.on("error", end);
    call.on("close", end);
  }
  /** The next request, null at the end. */
  async next() {
    while (this.#waiting.length === 0) {
      if (this.over) return null;
      await new Promise((wake) => (this.#wake = wake));
      this.#wake = null;
    }
    const m = this.#waiting.shift();
    this.#call.resume();
    return m;
  }
  /** Answer, and wait while the connection is slower. */
  async send(reply) {
    if (this.over && this.#call.cancelled) return;
    if (this.#call.write(reply)) return;
    await new Promise((go) => {
      for (const event of ["drain", "close", "cancelled", "error"]) this.#call.once(event, go);
    });
  }
  end() {
    this.#call.end();
  }
}

/** The object of the author's class, which is opened at the first call that works. */
class Session {
  #opened = false;
  constructor(kind) {
    this.kind = kind;
  }
  async open() {
    if (this.#opened) return;
    await this.kind.open();
    this.#opened = true;
  }
  async close() {
    if (!this.#opened) return;
    this.#opened = false;
    await this.kind.close();
  }
  /** Close a stage whose stream ends; nobody waits for its answer any more. */
  async closing() {
    try {
      await this.close();
    } catch (e) {
      log.warn("close: " + messageOf(e));
    }
  }
  async metrics(stream) {
    const metrics = this.kind.stage.metrics.take();
    if (metrics) await stream.send({ metrics });
  }
}

/** The session of a stage, null where there cannot be one, after the answer. */
async function openSession(plugin, stream, stage, shape) {
  let session = null;
  let problem = null;
  try {
    session = new Session(plugin.make(stage, shape));
    await session.open();
  } catch (e) {
    problem = problemOf(e, "open");
    if (problem.permanent) session = null;
  }
  await stream.send({ opened: { problem } });
  return session;
}

async function attempt(operation, call) {
  try {
    await call();
    return null;
  } catch (e) {
    return problemOf(e, operation);
  }
}

const notOpen = () => new StageError("the stage is not open");

// -- transforms

async function transform(plugin, stream) {
  let session = null;
  for (let m = await stream.next(); m; m = await stream.next()) {
    if (m.request === "open") session = await openSession(plugin, stream, m.open.stage, m.open.input);
    else if (m.request === "process") await stream.send({ processed: { id: m.process.id, ...(await processed(session, m.process.batch)) } });
    await session?.metrics(stream);
  }
  await session?.closing();
}

async function processed(session, message) {
  try {
    if (!session) throw notOpen();
    await session.open();
    const { kind } = session;
    const batch = new Batch(message, kind.config);
    const results = await kind.batch(batch.records);
    if (!Array.isArray(results) || results.length !== batch.length) {
      throw new StageError(`batch() of ${kind.constructor.kind} returned no array of ${batch.length} results: return one for each record`);
    }
    const adds = kind.makes === "input" || (kind.makes === "columns" && !results.some(Array.isArray));
    // Without an answer it is too large, and onstream asks again, with parts of the batch.
    return (adds ? keep(kind, results) : make(kind, results, message)) ?? { divide: true };
  } catch (e) {
    return { problem: { ...problemOf(e, "process"), permanent: true } };
  }
}

/** The answer of a transform that adds fields, or makes one record of each; null where it is too large for a message. */
function keep(kind, results) {
  const columns = new Columns(kind.fields);
  const rows = [];
  const failures = [];
  let dropped = 0;
  results.forEach((result, row) => {
    try {
      if (result instanceof Error) throw result;
      if (result === null) {
        dropped++;
        columns.skip();
        return;
      }
      columns.push(columns.row(result));
      rows.push(row);
    } catch (e) {
      failures.push(failureOf(row, e));
      columns.skip();
    }
  });
  if (columns.size > MOST) return null;
  const all = rows.length === results.length;
  const kept = { all, rows: all ? [] : rows, columns: columns.columns() };
  return { emitted: rows.length > 0 ? [{ output: 0, kept }] : [], failures, dropped };
}

/** The answer of a transform that makes records of its own; null where it is too large for a message. */
function make(kind, results, batch) {
  const columns = new Columns(kind.fields);
  const payloads = [];
  const sources = [];
  const failures = [];
  let [dropped, stands, total] = [0, 0, 0];
  for (const [row, result] of results.entries()) {
    try {
      if (result instanceof Error) throw result;
      const each = result === null ? [] : Array.isArray(result) ? result : [result];
      if (each.length === 0) {
        dropped++;
        continue;
      }
      const rows = kind.makes === "payload" ? each.map(payload) : each.map((v) => columns.row(v));
      const size = rows.reduce((sum, r) => sum + (r.size ?? r.length + 10), 0);
      if (size > MOST) throw new RowError("too_large", `what was made of the record has ${size} bytes, and a message has ${MESSAGE_CAP} at most: make less`);
      total += size;
      if (total > MOST) return null;
      for (const r of rows) {
        if (kind.makes === "payload") payloads.push(r);
        else columns.push(r);
        sources.push(row);
      }
      stands++;
    } catch (e) {
      failures.push(failureOf(row, e));
    }
  }
  if (sources.length === 0) return { failures, dropped };
  const made = { rows: sources.length, received: batch.received, partition: batch.partition };
  if (batch.times?.length > 0) made.times = sources.map((row) => batch.times[row]);
  const keys = runsOf(batch.keys);
  if (keys.length > 0) made.keys = toRuns(sources.map((row) => keys[row]));
  if (kind.makes === "payload") made.values = toRuns(payloads);
  else made.columns = columns.columns();
  return { emitted: [{ output: 0, made, standsFor: stands }], failures, dropped };
}

function payload(v) {
  if (!(v instanceof Uint8Array)) throw new RowError("type", `a record is of type ${nameOf(v)}: it is to be a Buffer`);
  if (v.length > MOST) throw new RowError("too_large", `the record has ${v.length} bytes, and a message has ${MESSAGE_CAP} at most: make it smaller`);
  return Buffer.from(v.buffer, v.byteOffset, v.length);
}

// -- sinks

async function sink(plugin, stream) {
  let session = null;
  for (let m = await stream.next(); m; m = await stream.next()) {
    if (m.request === "open") session = await openSession(plugin, stream, m.open.stage);
    else if (m.request === "write") {
      const { id } = m.write;
      const written = await write(session, m.write.batch);
      // Only now: a batch that has to come again is not overtaken by a later one.
      if (!written.problem) await stream.send({ taken: { id } });
      await stream.send({ written: { id, ...written } });
    } else if (m.request === "flush") {
      await stream.send({ flushed: { id: m.flush.id, problem: await attempt("flush", () => session?.kind.flush()) } });
    } else if (m.request === "close") {
      await stream.send({ closed: { problem: await attempt("close", () => session?.close()) } });
      return;
    }
    await session?.metrics(stream);
  }
  await session?.closing();
}

async function write(session, message) {
  try {
    if (!session) throw notOpen();
    await session.open();
    const batch = new Batch(message, session.kind.config);
    await session.kind.write(batch);
    return { failures: [...batch.failures.values()].sort((a, b) => a.row - b.row) };
  } catch (e) {
    return { problem: problemOf(e, "write") };
  }
}

// -- sources

/** Where a source puts its records. */
class Outlet {
  #stream;
  #fields;
  #payload;
  #records = 0;
  #bytes = 0;
  #ids = 0;
  #wake = new Set();
  #waiting = new Map();
  #turn = Promise.resolve();
  #positions;
  stopping = false; // whether the source is to end

  constructor(stream, kind, resume) {
    this.#stream = stream;
    this.#fields = kind.fields;
    this.#payload = kind.constructor.payload;
    this.#positions = new Map((resume ?? []).map((r) => [r.partition?.name ?? "", r.position]));
  }

  /** Wait, but no longer than until the source is to end; return whether it is. */
  async wait(seconds) {
    const until = performance.now() + seconds * 1000;
    while (!this.stopping && performance.now() < until) await this.#changed(until - performance.now());
    return this.stopping;
  }

  /** The position at which a partition goes on, a Buffer; null for its beginning. Of sources that are seekable. */
  resume(partition = "") {
    return this.#positions.get(partition) ?? null;
  }

  /**
   * Deliver records; it waits while onstream has enough, and throws Stopped when the source is to end. position (a string or Buffer) is where to go
   * on after the last of them. settled(reason) is called when all that they became is safe (with null) or cannot be (with the reason). times are BigInts
   * of nanoseconds since 1970, keys Buffers. A record that does not fit fails, and the others go on.
   */
  send(records, options = {}) {
    const sent = this.#turn.then(() => this.#send(records, options));
    this.#turn = sent.catch(() => {});
    return sent;
  }

  /** Say that no more of a partition comes. */
  done(partition) {
    return this.#stream.send({ done: { partition: { name: partition } } });
  }

  async #send(records, { position = null, partition = "", times = null, keys = null, settled = null }) {
    let reason = null;
    for (let at = 0; at < records.length; ) {
      const start = at;
      while (!this.stopping && (this.#records <= 0 || this.#bytes <= 0)) await this.#changed();
      if (this.stopping) throw new Stopped("the source is to end");
      const columns = new Columns(this.#fields);
      const payloads = [];
      const failures = [];
      let size = 0;
      for (; at < records.length && at - start < this.#records; at++) {
        let added;
        try {
          added = this.#payload ? payload(records[at]) : columns.row(records[at]);
        } catch (e) {
          failures.push(failureOf(at - start, e));
          if (this.#payload) payloads.push(EMPTY);
          else columns.skip();
          size += 64;
          if (size > MOST) {
            at++;
            break;
          }
          continue;
        }
        const more = added.size ?? added.length + 10;
        if (at > start && size + more > MOST) break;
        size += more;
        if (this.#payload) payloads.push(added);
        else columns.push(added);
      }
      const batch = { rows: at - start, partition: { name: partition }, received: String(BigInt(Date.now()) * 1000000n) };
      if (this.#payload) batch.values = toRuns(payloads);
      else batch.columns = columns.columns();
      if (times) batch.times = times.slice(start, at).map(String);
      if (keys) batch.keys = toRuns(keys.slice(start, at).map((k) => Buffer.from(k)));
      const last = at === records.length;
      const deliver = { id: ++this.#ids, batch, failures, answer: settled !== null };
      if (last && position !== null) deliver.next = Buffer.from(position);
      if (settled) {
        this.#waiting.set(this.#ids, (why) => {
          reason ??= why;
          if (last) settled(reason);
        });
      }
      this.#records -= batch.rows;
      this.#bytes -= size;
      await this.#stream.send({ deliver });
    }
  }

  #changed(ms) {
    return new Promise((go) => {
      let timer;
      const wake = () => {
        clearTimeout(timer);
        this.#wake.delete(wake);
        go();
      };
      if (ms !== undefined) timer = setTimeout(wake, Math.min(ms, 2 ** 30));
      this.#wake.add(wake);
    });
  }

  grant(credit) {
    this.#records += credit.records;
    this.#bytes += Number(credit.bytes);
    for (const wake of [...this.#wake]) wake();
  }

  stop() {
    this.stopping = true;
    for (const wake of [...this.#wake]) wake();
  }

  settle(message) {
    const outcomes = [...message.acked.map((id) => [id, null]), ...message.rejected.map((r) => [r.id, r.message])];
    for (const [id, why] of outcomes) {
      const settled = this.#waiting.get(Number(id));
      this.#waiting.delete(Number(id));
      try {
        settled?.(why);
      } catch (e) {
        trace(e);
      }
    }
  }
}

async function source(plugin, stream) {
  const first = await stream.next();
  if (first?.request !== "open") return;
  const session = await openSession(plugin, stream, first.open.stage);
  if (!session) return;
  const out = new Outlet(stream, session.kind, first.open.resume);
  const running = run(session, out, stream);
  const telling = setInterval(() => status(session, stream), 1000);
  // Also when the source has ended: what it has delivered is settled until the stream ends.
  for (let m = await stream.next(); m; m = await stream.next()) {
    if (m.request === "credit") out.grant(m.credit);
    else if (m.request === "settled") out.settle(m.settled);
    else if (m.request === "stop") out.stop();
  }
  out.stop();
  clearInterval(telling);
  await running;
  await session.closing();
}

async function run(session, out, stream) {
  let problem = null;
  try {
    while (!out.stopping) {
      try {
        await session.open();
        break;
      } catch (e) {
        if (problemOf(e, "open").permanent) throw e;
        log.warn("open: " + messageOf(e));
        await out.wait(1);
      }
    }
    if (!out.stopping) await session.kind.run(out);
  } catch (e) {
    if (!(e instanceof Stopped) && !out.stopping) problem = problemOf(e, "run");
  }
  await session.metrics(stream);
  await stream.send({ ended: { problem } });
}

async function status(session, stream) {
  try {
    const is = await session.kind.status();
    if (is) await stream.send({ status: { done: is.done ?? 0, total: is.total ?? 0, ...(is.lag === undefined ? {} : { lag: is.lag }) } });
    await session.metrics(stream);
  } catch (e) {
    trace(e);
  }
}

// -- look-ups

async function lookup(plugin, stream) {
  const first = await stream.next();
  if (first?.request !== "open") return;
  const session = await openSession(plugin, stream, first.open.stage);
  if (!session) return;
  const under = new Set();
  for (let m = await stream.next(); m; m = await stream.next()) {
    if (m.request !== "find") continue;
    const { find } = m;
    const answered = found(session, find).then(async (reply) => {
      await stream.send({ found: { id: find.id, ...reply } });
      await session.metrics(stream);
      under.delete(answered);
    });
    under.add(answered);
  }
  await Promise.all(under);
  await session.closing();
}

async function found(session, find) {
  const { kind } = session;
  const name = kind.constructor.kind;
  try {
    await session.open();
    const wanted = find.keys.map(fromValue);
    const records = await kind.find(wanted);
    if (!Array.isArray(records) || records.length !== wanted.length) {
      throw new StageError(`find() of ${name} returned no array of ${wanted.length} records: return one for each key, null where there is none`);
    }
    const keys = [];
    const texts = [];
    records.forEach((r, i) => {
      if (r === null) return;
      if (kindOf(r) !== RECORD) throw new StageError(`find() of ${name} returned ${nameOf(r)}: return an object, or null`);
      try {
        check("record", kind.found ?? types.any, r, true);
        texts.push(toBytes("record", RECORD, r));
      } catch (e) {
        throw new StageError(`find() of ${name}: ${e.message}`);
      }
      keys.push(i);
    });
    if (texts.reduce((sum, t) => sum + t.length, 0) > MOST) throw new StageError(`what was found has more than ${MESSAGE_CAP} bytes: return smaller records`);
    return { keys, records: toRuns(texts) };
  } catch (e) {
    return { problem: problemOf(e, "find") };
  }
}

// ---- the plugin

/** A plugin: its name, its version for people, and the classes that are its kinds. */
class Plugin {
  #kinds = new Map();
  constructor(name, version, kinds) {
    this.name = name;
    this.version = version;
    for (const kind of kinds) {
      const role = [...ROLES].find(([base]) => kind.prototype instanceof base)?.[1];
      if (!role) throw new TypeError(`${kind.name} is no Source, Transform, Sink or Lookup`);
      if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(kind.kind)) {
        throw new TypeError(`${kind.name}: "${kind.kind}" is no name of a kind: write letters, digits and underscores, a letter first`);
      }
      if (this.#kinds.has(role + kind.kind)) throw new TypeError(`${kind.name}: there are two of the name "${kind.kind}"`);
      this.#kinds.set(role + kind.kind, { role, kind });
    }
  }

  /** Serve onstream, until it ends the process. */
  serve() {
    if (!SERVED) {
      const kinds = [...this.#kinds.values()].map(({ role, kind }) => ["", "source", "transform", "sink", "lookup"][role] + " " + kind.kind);
      console.error(`this is ${this.name} ${this.version}, a plugin for onstream, with: ${kinds.join(", ")}`);
      console.error("onstream starts it: write its path as the source of a plugin block in a pipeline");
      process.exit(2);
    }
    const versions = process.env.PLUGIN_PROTOCOL_VERSIONS ?? "1";
    if (!versions.split(",").includes("1")) {
      console.error(`this plugin speaks version 1 of the protocol, and onstream ${versions}`);
      process.exit(1);
    }
    if (!process.env.PLUGIN_CLIENT_CERT) {
      console.error("PLUGIN_CLIENT_CERT is not there: this onstream does not secure its connections to plugins; update it");
      process.exit(1);
    }
    process.on("SIGINT", () => {}); // of a terminal, where it is meant for onstream
    watch();
    const server = new grpc.Server({ "grpc.max_receive_message_length": MESSAGE_CAP, "grpc.max_send_message_length": MESSAGE_CAP });
    this.#addServices(server);
    const { pem, key, der } = certificate();
    const credentials = grpc.ServerCredentials.createSsl(Buffer.from(process.env.PLUGIN_CLIENT_CERT), [{ private_key: key, cert_chain: pem }], true);
    server.bindAsync("127.0.0.1:0", credentials, (e, port) => {
      if (e) {
        console.error(e.message);
        process.exit(1);
      }
      printHandshake(`1|1|tcp|127.0.0.1:${port}|grpc|${der.toString("base64").replace(/=+$/, "")}\n`);
    });
  }

  #addServices(server) {
    const options = { longs: undefined, defaults: true, oneofs: true, arrays: true, bytes: Buffer };
    const definition = protoLoader.loadSync(path.join(__dirname, "plugin.proto"), options);
    const stream = (session) => (call) => {
      const s = new Stream(call);
      session(this, s)
        .catch((e) => log.error("the plugin's runtime: " + (e.stack ?? e)))
        .finally(() => s.end());
    };
    const unary = (f) => (call, answer) => {
      try {
        answer(null, f(call.request));
      } catch (e) {
        answer({ code: grpc.status.INTERNAL, message: messageOf(e) });
      }
    };
    server.addService(definition["onstream.plugin.v1.Plugin"], {
      Describe: unary(() => this.describe()),
      Configure: unary((request) => this.configure(request)),
      Source: stream(source),
      Transform: stream(transform),
      Sink: stream(sink),
      Lookup: stream(lookup),
    });
    const raw = (path) => ({
      path,
      requestStream: false,
      responseStream: false,
      requestDeserialize: (b) => b,
      requestSerialize: (b) => b,
      responseSerialize: (b) => b,
      responseDeserialize: (b) => b,
    });
    const serving = Buffer.from([8, 1]); // a HealthCheckResponse
    server.addService({ Check: raw("/grpc.health.v1.Health/Check") }, { Check: (_, answer) => answer(null, serving) });
    server.addService(
      { Shutdown: raw("/plugin.GRPCController/Shutdown") },
      {
        Shutdown: (_, answer) => {
          answer(null, EMPTY);
          // Soon, so that the answer is sent. What had to be finished was finished at the end of the streams.
          setTimeout(() => process.exit(0), 30);
        },
      },
    );
  }

  /** What the plugin offers, as a message of the protocol. */
  describe() {
    const kinds = [...this.#kinds.values()].map(({ role, kind }) => ({
      role,
      name: kind.kind,
      schema: schemaOf(kind),
      payload: kind.payload,
      defaultFormat: kind.defaultFormat ?? "",
      topic: kind.topic ?? "",
      body: kind.body ?? "",
      headers: !!kind.headers,
    }));
    return { name: this.name, version: this.version, kinds };
  }

  /** Check a stage's configuration, and tell what the stage is. */
  configure(request) {
    let kind;
    try {
      kind = this.make(request.stage, request.input);
    } catch (e) {
      trace(e);
      return { problems: [{ path: e instanceof ConfigError ? e.path : "", message: messageOf(e) }] };
    }
    const reply = { remarks: kind.remarks };
    const fields = fieldsOf(kind.fields);
    const { seekable, redelivers, idempotent, ordered, weakens } = kind;
    if (kind instanceof Source) {
      reply.capabilities = { seekable, redelivers, ordered, weakens };
      if (!kind.constructor.payload) reply.outputs = [{ from: FROM.columns, fields }];
    } else if (kind instanceof Sink) {
      reply.capabilities = { idempotent, ordered, weakens };
      reply.fixedTopic = kind.fixedTopic;
    } else if (kind instanceof Transform) {
      reply.volatile = kind.volatile;
      reply.outputs = [{ from: FROM[kind.makes], fields, removed: kind.removes }];
    } else if (kind.found) {
      reply.found = kind.found;
    }
    return reply;
  }

  /** The object of a stage, as a message of the protocol names it. */
  make(stage, shape) {
    const known = this.#kinds.get(stage.role + stage.kind);
    if (!known) throw new StageError(`the plugin has no kind ${stage.kind}: update it, or start onstream again`);
    return new known.kind({
      config: new Config(stage.config),
      address: stage.address ?? "", // such as "sink.alerts"; "" while a configuration is checked
      pipeline: stage.pipeline ?? "",
      payload: stage.payload?.type ?? types.any, // of kinds with payload: what is known about the records
      format: stage.payload?.format ?? "",
      terminator: Buffer.from(stage.terminator ?? ""), // what ends a record of the format in a stream
      input: shape?.type ?? types.any, // of transforms: what is known about the records
      metrics: new Metrics(),
    });
  }
}

/** End when onstream has ended: its end of standard input, which is a pipe, is closed, and the parent of the process is another one. */
function watch() {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1);
  }, 250);
  const input = fs.fstatSync(0);
  if (!input.isFIFO() && !input.isSocket()) return;
  process.stdin.on("end", () => process.exit(1));
  process.stdin.on("error", () => process.exit(1));
  process.stdin.resume();
}

// ---- the certificate

/** A certificate of this process for its own key (X.509 in DER; Node.js can read one but not make one), with that key. */
function certificate() {
  const { publicKey, privateKey } = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
  const tlv = (tag, ...parts) => {
    const body = Buffer.concat(parts);
    const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
    return Buffer.concat([Buffer.from([tag, ...length]), body]);
  };
  const sequence = (...parts) => tlv(0x30, ...parts);
  const oid = (hex) => tlv(6, Buffer.from(hex, "hex"));
  const time = (t) => tlv(0x17, Buffer.from(t.toISOString().slice(2).replace(/[-:T]|\.\d+/g, "")));
  const serial = crypto.randomBytes(16);
  serial[0] = (serial[0] & 0x7f) | 1; // positive, and without leading zeros
  const name = sequence(tlv(0x31, sequence(oid("550403"), tlv(0x0c, Buffer.from("localhost"))))); // commonName
  const algorithm = sequence(oid("2a8648ce3d040302")); // ecdsa-with-SHA256
  const now = Date.now();
  const unsigned = sequence(
    tlv(0xa0, tlv(2, Buffer.from([2]))), // version 3
    tlv(2, serial),
    algorithm,
    name,
    sequence(time(new Date(now - 300e3)), time(new Date(now + 3650 * 86400e3))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tlv(
      0xa3,
      sequence(
        sequence(oid("551d13"), tlv(1, Buffer.from([255])), tlv(4, sequence(tlv(1, Buffer.from([255]))))), // basicConstraints: a CA
        sequence(oid("551d11"), tlv(4, sequence(tlv(0x82, Buffer.from("localhost"))))), // subjectAltName
      ),
    ),
  );
  const der = sequence(unsigned, algorithm, tlv(3, Buffer.from([0]), crypto.sign("sha256", unsigned, privateKey)));
  return { der, pem: Buffer.from(new crypto.X509Certificate(der).toString()), key: Buffer.from(privateKey.export({ type: "pkcs8", format: "pem" })) };
}

module.exports = { Plugin, Source, Transform, Sink, Lookup, ConfigError, RowError, StageError, Stopped, Secret, Expression, types, attrs, block, log };
