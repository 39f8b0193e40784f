"use strict";
/** Kinds that do what they are told, also what is wrong. */

const { Plugin, Source, Transform, Sink, Lookup, ConfigError, RowError, StageError, types, attrs, log } = require("./onstream");

const kinds = {
  b: types.boolean, i: types.integer, f: types.number, s: types.text, y: types.bytes, t: types.time, p: types.period,
  l: types.list(types.integer), m: types.map(types.number), r: types.record({ n: types.integer }), a: types.any,
};

class Echo extends Transform {
  static kind = "echo";
  static attrs = [attrs.expressions("values")];
  fields = Object.fromEntries(Object.entries(kinds).map(([name, type]) => [name, types.orNull(type)]));
  record(record) {
    return record.get("values");
  }
}

class Odd extends Transform {
  static kind = "odd";
  static attrs = [attrs.expression("what"), attrs.secret("token")];
  fields = { x: types.integer, s: types.orNull(types.text), f: types.orNull(types.number), a: types.any };
  constructor(stage) {
    super(stage);
    const token = this.config.get("token");
    if (token !== null && token.reveal().length < 4) throw new ConfigError("token", `the token ${token} is too short: write at least 4 characters`);
  }
  record(record) {
    const what = record.get("what");
    const token = this.config.get("token");
    switch (what) {
      case "throw":
        return { x: nothing };
      case "row":
        throw new RowError("range", "out of range");
      case "stage":
        throw new StageError("the device is gone for good: buy another one");
      case "crash":
        process.exit(3);
      case "log":
        log.trace("a trace");
        log.debug("a detail");
        log.info(`told with ${token}`, { token, n: 7 });
        log.warn("a warning");
        log.error("an error");
        console.log("printed", token);
        console.error("to stderr");
    }
    return {
      fine: { x: 1 }, log: { x: 1 }, drop: null, text: { x: "1" }, null: { x: null }, absent: {}, unknown: { x: 1, y: 1 }, over: { x: 1n << 63n },
      exact: { x: (1n << 53n) + 1n }, bool: { x: true }, fraction: { x: 1.5 }, scalar: 5, surrogate: { x: 1, s: "\ud800" },
      nan: { x: 1, f: NaN }, whole: { x: 1, f: 2 }, strange: { x: 1, a: new Map() }, nested: { x: 1, a: { n: [null, 1.5, "ü"] } },
      large: { x: 1, s: "y".repeat(what === "large" ? 20 << 20 : 0) }, huge: { x: 1, s: "y".repeat(what === "huge" ? 33 << 20 : 0) },
    }[what];
  }
}

class Split extends Transform {
  static kind = "split";
  static payload = true;
  static defaultFormat = "json";
  makes = "payload";
  record(record) {
    return record.value.toString().split(",").filter(Boolean).map((word) => Buffer.from(word));
  }
}

class Fussy extends Sink {
  static kind = "fussy";
  static payload = true;
  static defaultFormat = "json";
  tries = 0;
  async write(batch) {
    this.tries++;
    const first = batch.values[0].toString();
    if (first === "again" && this.tries === 1) throw new Error("the server is away");
    if (first === "never") throw new StageError("the table is not there: create it");
    for (const record of batch.records) {
      if (record.value.toString() === "bad") batch.fail(record, "rejected", "the server does not take it");
    }
    this.stage.metrics.count("written", batch.length);
  }
}

class Names extends Lookup {
  static kind = "names";
  found = types.record({ name: types.text });
  async find(keys) {
    if (keys.includes(0)) throw new Error("the register is away");
    return keys.map((k) => (k > 0 ? { name: `n${k}` } : null));
  }
}

class Lines extends Source {
  static kind = "lines";
  static payload = true;
  static defaultFormat = "text";
  static attrs = [attrs.int("count", { default: 10 }), attrs.string("end", { default: "" })];
  redelivers = true;
  told = [];
  async run(out) {
    const lines = Array.from({ length: this.config.get("count") }, (_, i) => Buffer.from(String(i)));
    await out.send([...lines, 5], { position: "end", settled: (reason) => this.told.push(reason) });
    if (this.config.get("end") === "fail") throw new StageError("the port is closed: open it");
    while (!(await out.wait(0.01)) && this.told.length === 0);
    log.info(`settled: ${JSON.stringify(this.told)}`);
    while (this.config.get("end") === "wait" && !(await out.wait(60)));
  }
}

new Plugin("acme", "0.1.0", [Echo, Odd, Split, Fussy, Names, Lines]).serve();
