"""Kinds that do what they are told, also what is wrong."""

import logging
import os
import sys

from onstream_plugin import (
    ANY, BOOLEAN, BYTES, EXPRESSION, EXPRESSIONS, INT, INTEGER, NUMBER, PERIOD, SECRET, STRING, TEXT, TIME, TRACE, Attr, ConfigError, Lookup, Plugin,
    RowError, Sink, Source, StageError, Transform, list_of, map_of, record_of,
)

TYPES = {
    "b": BOOLEAN, "i": INTEGER, "f": NUMBER, "s": TEXT, "y": BYTES, "t": TIME, "p": PERIOD,
    "l": list_of(INTEGER), "m": map_of(NUMBER), "r": record_of(n=INTEGER), "a": ANY,
}


class Echo(Transform):
    name = "echo"
    attrs = [Attr("values", EXPRESSIONS)]
    fields = {n: t.or_null() for n, t in TYPES.items()}

    def record(self, record):
        return record["values"]


class Odd(Transform):
    name = "odd"
    attrs = [Attr("what", EXPRESSION), Attr("token", SECRET)]
    fields = {"x": INTEGER, "s": TEXT.or_null(), "f": NUMBER.or_null(), "a": ANY}

    def __init__(self, stage):
        super().__init__(stage)
        if self.config["token"] is not None and len(self.config["token"].reveal()) < 4:
            raise ConfigError("token", f"the token {self.config['token']} is too short: write at least 4 characters")

    def record(self, record):
        what = record["what"]
        if what == "throw":
            return {"x": 1 // 0}
        if what == "row":
            raise RowError("range", "out of range")
        if what == "stage":
            raise StageError("the device is gone for good: buy another one")
        if what == "crash":
            os._exit(3)
        if what == "log":
            log = logging.getLogger("odd")
            log.log(TRACE, "a trace")
            log.debug("a detail")
            log.info("told with %s", self.config["token"], extra={"token": self.config["token"], "n": 7})
            log.warning("a warning")
            log.error("an error")
            print("printed", self.config["token"])
            print("to stderr", file=sys.stderr)
        return {
            "fine": {"x": 1}, "log": {"x": 1}, "drop": None, "text": {"x": "1"}, "null": {"x": None}, "absent": {}, "unknown": {"x": 1, "y": 1}, "over": {"x": 1 << 63},
            "exact": {"x": (1 << 53) + 1}, "bool": {"x": True}, "fraction": {"x": 1.5}, "scalar": 5, "surrogate": {"x": 1, "s": "\ud800"},
            "nan": {"x": 1, "f": float("nan")}, "whole": {"x": 1, "f": 2}, "strange": {"x": 1, "a": object()}, "nested": {"x": 1, "a": {"n": [None, 1.5, "ü"]}},
            "large": {"x": 1, "s": "y" * (20 << 20)}, "huge": {"x": 1, "s": "y" * (33 << 20)},
        }[what]


class Split(Transform):
    name = "split"
    payload = True
    default_format = "json"
    makes = "payload"

    def record(self, record):
        return [word for word in record.value.split(b",") if word]


class Fussy(Sink):
    name = "fussy"
    payload = True
    default_format = "json"
    tries = 0

    def write(self, batch):
        self.tries += 1
        if batch.values[0] == b"again" and self.tries == 1:
            raise RuntimeError("the server is away")
        if batch.values[0] == b"never":
            raise StageError("the table is not there: create it")
        for record in batch:
            if record.value == b"bad":
                batch.fail(record, "rejected", "the server does not take it")
        self.stage.metrics.count("written", len(batch))


class Names(Lookup):
    name = "names"
    found = record_of(name=TEXT)

    def find(self, keys):
        if 0 in keys:
            raise OSError("the register is away")
        return [{"name": f"n{k}"} if isinstance(k, int) and k > 0 else None for k in keys]


class Lines(Source):
    name = "lines"
    payload = True
    default_format = "text"
    attrs = [Attr("count", INT, default=10), Attr("end", STRING, default="")]
    redelivers = True

    def open(self):
        self.told = []

    def run(self, out):
        lines = [b"%d" % i for i in range(self.config["count"])]
        out.send(lines + [5], position=b"end", settled=self.told.append)
        if self.config["end"] == "fail":
            raise StageError("the port is closed: open it")
        while not out.wait(0.01) and not self.told:
            pass
        logging.info("settled: %s", self.told)
        while self.config["end"] == "wait" and not out.wait(60):
            pass


Plugin("acme", "0.1.0", [Echo, Odd, Split, Fussy, Names, Lines]).serve()
