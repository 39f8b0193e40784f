"""Write plugins for onstream in Python: sources, transforms, sinks and look-ups that run in a process of their own.

A plugin is a program that names its kinds and serves them:

    from onstream_plugin import NUMBER, TEXT, Attr, EXPRESSION, Plugin, Transform

    class Classify(Transform):
        name = "classify"
        attrs = [Attr("value", EXPRESSION, required=True, want=NUMBER)]
        fields = {"level": TEXT}

        def record(self, record):
            return {"level": "hot" if record["value"] > 30 else "ok"}

    Plugin("acme", "0.1.0", [Classify]).serve()

What a kind is, is said by its class; each stage of a pipeline, and each instance of it, is an object of that class. The constructor is where a
stage's configuration is checked (raise ConfigError): it does no input or output, since it runs for each validation. open() connects, close() ends.

Errors. RowError fails one record, with a code, and it goes to the error output; so does any other exception in Transform.record. StageError stops the
stage. Any other exception in open, write, flush or find passes: onstream tries again.

Values. bool, int, float and str are what they seem. A time is an int of nanoseconds since 1970, a duration one of nanoseconds, bytes are bytes; lists,
maps and records are lists and dicts; null is None. Durations of the configuration (Attr of DURATION) are floats, in seconds.

What is written with logging, with print() or to standard error goes to onstream's log. A secret is a Secret, and shows its value only when it is revealed.

The protocol itself is described in plugin.proto. This file is yours: it came with the project and may be changed.
"""

from __future__ import annotations

import base64
import concurrent.futures
import dataclasses
import datetime
import itertools
import json
import logging
import math
import os
import queue
import re
import signal
import stat
import struct
import sys
import threading
import time
import traceback
from typing import Any, Callable, Iterable, Iterator, Optional, Sequence

COOKIE = "onstream.plugin.v1"
SERVED = os.environ.get("ONSTREAM_PLUGIN") == COOKIE

# The first line on standard output is the handshake: what else is printed goes to the log.
_stdout = sys.stdout
if SERVED:
    sys.stdout = sys.stderr

import grpc  # noqa: E402 - it comes after the line above, in case that it prints

import onstream_plugin_pb2 as pb  # noqa: E402

MESSAGE_CAP = 32 << 20  # bytes of a message
_ROOM = 64 << 10  # of it, for all that is not values

# ---- what a kind says about itself

# The types of attributes.
STRING, INT, FLOAT, BOOL, DURATION, SIZE, STRINGS, STRING_MAP, VALUE, SECRET, FILE, EXPRESSION, EXPRESSIONS = range(13)

# The kinds of values, and what onstream's language calls them.
_KINDS = ("any", "null", "bool", "int", "float", "string", "bytes", "time", "duration", "list", "map", "record")
_ANY, _NULL, _BOOLEAN, _INTEGER, _NUMBER, _TEXT, _BYTES, _TIME, _PERIOD, _LIST, _MAP, _RECORD = range(12)


@dataclasses.dataclass(frozen=True)
class Type:
    """The type of a field or of an expression."""

    kind: int = _ANY
    nullable: bool = False
    element: Optional[Type] = None  # of lists and maps
    fields: tuple = ()  # of records: pairs of a name and a Type
    layout: str = ""  # of times in a payload

    def or_null(self) -> Type:
        """The same type, with null allowed."""
        return dataclasses.replace(self, nullable=True)

    def __str__(self) -> str:
        return _KINDS[self.kind] if self.kind < len(_KINDS) else "unknown"


ANY, BOOLEAN, INTEGER, NUMBER, TEXT = Type(_ANY), Type(_BOOLEAN), Type(_INTEGER), Type(_NUMBER), Type(_TEXT)
BYTES, TIME, PERIOD = Type(_BYTES), Type(_TIME), Type(_PERIOD)


def list_of(element: Type) -> Type:
    """A list, whose elements have one type."""
    return Type(_LIST, element=element)


def map_of(element: Type) -> Type:
    """An object with any names, whose values have one type."""
    return Type(_MAP, element=element)


def record_of(**fields: Type) -> Type:
    """An object with these fields."""
    return Type(_RECORD, fields=tuple(fields.items()))


@dataclasses.dataclass(frozen=True)
class Attr:
    """An attribute of a block: what a pipeline may write there."""

    name: str
    type: int
    required: bool = False
    default: Any = None
    enum: Sequence[str] = ()
    min: Optional[float] = None  # of numbers, sizes and durations (seconds)
    max: Optional[float] = None
    want: Optional[Type] = None  # what an expression must be
    doc: str = ""  # one sentence


@dataclasses.dataclass(frozen=True)
class Block:
    """A nested block."""

    name: str
    attrs: Sequence[Attr] = ()
    blocks: Sequence[Block] = ()
    label: str = ""  # what its label is called
    required: bool = False
    repeated: bool = False
    doc: str = ""


# ---- errors


class ConfigError(Exception):
    """Something is wrong with the attribute at a path, such as "every" or "output[hot].when". onstream shows it at its line."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path, self.message = path, message


class RowError(Exception):
    """A record failed, for a reason with a short and stable code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class StageError(Exception):
    """A stage cannot go on, and trying again does not mend it."""


class Stopped(Exception):
    """The source is to end: let it pass."""


# ---- configuration


class Secret:
    """A value that no log and no message shows."""

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value.decode()

    def __repr__(self) -> str:
        return "(secret)"


@dataclasses.dataclass(frozen=True)
class Expression:
    """What a pipeline says an attribute is per record. record[expression] is its value."""

    text: str
    type: Type
    field: str = ""
    column: str = ""
    constant: Any = None  # where it is the same for every record


class Config:
    """A block. config["name"] is an attribute, None where it was not written; config.blocks("name") are its nested blocks."""

    def __init__(self, message: Any) -> None:
        self._values = {s.name: _setting(s) for s in message.settings}
        self._blocks = [(b.name, b.label, Config(b.config)) for b in message.blocks]

    def __getitem__(self, name: str) -> Any:
        return self._values.get(name)

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def blocks(self, name: str) -> list:
        """The nested blocks of a name: pairs of a label and a Config."""
        return [(label, config) for n, label, config in self._blocks if n == name]


def _setting(s: Any) -> Any:
    which = s.WhichOneof("value")
    if which is None:  # a newer onstream may know more
        return None
    value = getattr(s, which)
    if which == "duration":
        return value / 1e9
    if which == "strings":
        return list(value.values)
    if which == "string_map":
        return dict(value.values)
    if which == "any":
        return _from_value(value)
    if which == "secret":
        return Secret(value)
    if which == "expression":
        return _expression(value)
    if which == "expressions":
        return {v.name: _expression(v.expression) for v in value.values}
    return value


def _expression(e: Any) -> Expression:
    constant = _from_value(e.constant) if e.HasField("constant") else None
    return Expression(e.text, _from_type(e.type), e.field, e.column, constant)


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage of a pipeline."""

    config: Config
    address: str  # such as "sink.alerts"; "" while a configuration is checked
    pipeline: str
    payload: Type  # of kinds with payload: what is known about the records
    format: str  # of kinds with payload
    terminator: bytes  # what ends a record of the format in a stream
    input: Type  # of transforms: what is known about the records
    metrics: Metrics


class Metrics:
    """What a stage measures of itself. It is safe for use from several threads."""

    def __init__(self) -> None:
        self._lock, self._values = threading.Lock(), {}

    def count(self, name: str, by: float = 1) -> None:
        """Add to a counter."""
        with self._lock:
            values = self._values.setdefault((0, name), [0.0])
            values[0] += by

    def gauge(self, name: str, value: float) -> None:
        """Set a gauge."""
        with self._lock:
            self._values[1, name] = [float(value)]

    def observe(self, name: str, value: float) -> None:
        """Add a value to a histogram."""
        with self._lock:
            values = self._values.setdefault((2, name), [])
            if len(values) < 10_000:
                values.append(float(value))

    def _take(self) -> Any:
        with self._lock:
            if not self._values:
                return None
            taken, self._values = self._values, {}
        return pb.Metrics(metrics=[pb.Metric(kind=k, name=n, values=v) for (k, n), v in taken.items()])


# ---- kinds


class _Kind:
    """What all kinds say. doc is told to people who look for a kind; example is HCL of a whole stage."""

    name = ""
    doc = ""
    example = ""
    attrs: Sequence[Attr] = ()
    blocks: Sequence[Block] = ()
    remarks: Sequence[str] = ()  # for people who plan
    payload = False
    default_format = ""
    headers = False
    topic = ""
    body = ""

    def __init__(self, stage: Stage) -> None:
        """Check the configuration; no input or output here."""
        self.stage, self.config = stage, stage.config

    def open(self) -> None:
        """Connect. It is called again when it failed with anything but a StageError."""

    def close(self) -> None:
        """Finish and disconnect."""


class Source(_Kind):
    """A source delivers records in run(). Those of a kind with payload are bytes, those of others dicts with its fields."""

    fields: dict = {}
    seekable = False  # it resumes at a position
    redelivers = False  # it brings again what was not acknowledged
    ordered = True
    weakens = ""  # what the configuration loses in which case

    def run(self, out: Outlet) -> None:
        """Deliver records until the input ends, or until out.stopping. Retry what fails for a while."""
        raise NotImplementedError

    def status(self) -> Optional[tuple]:
        """(done, total, lag), each of which may be None; asked now and then."""
        return None


class Transform(_Kind):
    """A transform changes records, one after the other; several instances may run.

    makes says what the records of its output are: those of its input with the fields added ("input"), records of its own with these fields
    ("columns"), or payloads ("payload").
    """

    fields: dict = {}
    makes = "input"
    removes: Sequence[str] = ()  # of "input": fields that are not in the record any more
    volatile = False  # results depend on more than the record

    def record(self, record: Record) -> Any:
        """Return the fields to add as a dict, or None to drop the record. Where it makes records of its own: one (a dict, or bytes), or a list of them."""
        raise NotImplementedError

    def batch(self, records: Sequence[Record]) -> list:
        """What record() returns, for each of the records; an exception stands for a record that failed. Override it where many at once are quicker."""
        results: list = []
        for r in records:
            try:
                results.append(self.record(r))
            except (StageError, MemoryError):
                raise
            except Exception as e:
                results.append(e)
        return results


class Sink(_Kind):
    """A sink writes records. Those of a kind with payload have a value in the stage's format."""

    idempotent = False  # writing a record twice is as writing it once
    ordered = True
    weakens = ""
    fixed_topic = ""

    def write(self, batch: Batch) -> None:
        """Write the records; they are durable when it returns. batch.fail() takes one out. After an exception all of them come again."""
        raise NotImplementedError

    def flush(self) -> None:
        """Finish what write() held back."""


class Lookup(_Kind):
    """A look-up finds what is known elsewhere about keys."""

    found: Optional[Type] = None  # the type of the records
    concurrency = 1  # how many calls of find may be under way

    def find(self, keys: list) -> list:
        """Return a dict for each of the keys, None for one that is not there."""
        raise NotImplementedError


_ROLES = {Source: pb.SOURCE, Transform: pb.TRANSFORM, Sink: pb.SINK, Lookup: pb.LOOKUP}


# ---- batches


class Record:
    """A record of a batch. record["attribute"] is the value of an expression, a dict of those of an object of expressions."""

    __slots__ = ("_batch", "row")

    def __init__(self, batch: Batch, row: int) -> None:
        self._batch, self.row = batch, row

    def __getitem__(self, of: Any) -> Any:
        expression = of if isinstance(of, Expression) else self._batch.config[of]
        if isinstance(expression, dict):
            return {name: self[e] for name, e in expression.items()}
        return None if expression is None else self._batch.column(expression)[self.row]

    @property
    def value(self) -> Optional[bytes]:
        """The payload."""
        return self._batch.values[self.row] if self._batch.values else None

    @property
    def key(self) -> Optional[bytes]:
        return self._batch.keys[self.row] if self._batch.keys else None

    @property
    def topic(self) -> str:
        return self._batch.topics[self.row].decode() if self._batch.topics else self._batch.one_topic

    @property
    def time(self) -> Optional[int]:
        """When it happened, in nanoseconds since 1970; None where that is not known."""
        return self._batch.times[self.row] if self._batch.times else None

    @property
    def headers(self) -> list:
        """Pairs of a name and bytes."""
        return self._batch.headers(self.row)

    def json(self) -> Any:
        """The payload of a stage whose format is JSON."""
        return json.loads(self.value or b"null")


class Batch(Sequence):
    """Records in order."""

    def __init__(self, message: Any, config: Config) -> None:
        self._message, self.config = message, config
        self._columns: dict = {}
        self._by_name = {c.name: c for c in message.columns}
        self.values = _runs(message.values)
        self.keys, self.topics, self.one_topic = _runs(message.keys), _runs(message.topics), message.one_topic
        self.times = message.times
        self.preamble = message.preamble
        self.failures: dict = {}
        self._headers: Optional[list] = None

    def __len__(self) -> int:
        return self._message.rows

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [Record(self, i) for i in range(*row.indices(len(self)))]
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        return Record(self, row % len(self))

    def fail(self, record: Record, code: str, message: str) -> None:
        """Fail one record, which goes to the error output."""
        self.failures.setdefault(record.row, (code, message))

    def column(self, expression: Any) -> list:
        """The values of an expression, by row; it may be the name of the attribute."""
        if not isinstance(expression, Expression):
            expression = self.config[expression]
        values = self._columns.get(expression.column)
        if values is None:
            message = self._by_name.get(expression.column)
            if message is not None:
                values = _from_column(message)
            else:
                values = [expression.constant] * len(self)
            self._columns[expression.column] = values
        return values

    def headers(self, row: int) -> list:
        if self._headers is None:
            h = self._message.headers
            pairs = zip((n.decode() for n in _runs(h.names)), _runs(h.values))
            self._headers = [list(itertools.islice(pairs, n)) for n in h.counts]
        return self._headers[row] if row < len(self._headers) else []


def _runs(b: Any) -> list:
    data, at, runs = b.data, 0, []
    for n in b.lengths:
        runs.append(data[at : at + n])
        at += n
    return runs


def _to_runs(values: Iterable[bytes]) -> Any:
    values = list(values)
    return pb.Bytes(data=b"".join(values), lengths=[len(v) for v in values])


_DECODE: dict = {_TEXT: bytes.decode, _BYTES: bytes, _LIST: json.loads, _MAP: json.loads, _RECORD: json.loads}


def _scalar(kind: int, number: int, text: bytes) -> Any:
    if kind in _DECODE:
        return _DECODE[kind](text)
    return None if kind == _NULL else bool(number) if kind == _BOOLEAN else number


def _from_column(c: Any) -> list:
    if c.kind == _ANY:
        texts = _runs(c.texts) or [b""] * len(c.kinds)
        return [_double(n) if k == _NUMBER else _scalar(k, n, t) for k, n, t in zip(c.kinds, c.ints, texts)]
    if c.kind == _BOOLEAN:
        values = list(c.bools)
    elif c.kind in (_INTEGER, _TIME, _PERIOD):
        values = list(c.ints)
    elif c.kind == _NUMBER:
        values = list(c.floats)
    elif c.kind in _DECODE:
        # What stands in a row that is null does not matter: it need not be text or JSON.
        nulls = c.nulls or itertools.repeat(False)
        return [None if null else _DECODE[c.kind](t) for t, null in zip(_runs(c.texts), nulls)]
    else:
        raise StageError(f"column {c.name} is of the unknown kind {c.kind}: update the plugin to a newer protocol")
    return [None if null else v for v, null in zip(values, c.nulls)] if c.nulls else values


def _from_value(v: Any) -> Any:
    return v.number if v.kind == _NUMBER else None if v.kind == _ANY else _scalar(v.kind, v.int, v.text)


def _kind_of(v: Any) -> int:
    """The kind of a value whose type is not said."""
    for kind, types in ((_BOOLEAN, bool), (_INTEGER, int), (_NUMBER, float), (_TEXT, str), (_BYTES, (bytes, bytearray)), (_LIST, (list, tuple)), (_RECORD, dict)):
        if isinstance(v, types):
            return kind
    return _NULL if v is None else -1


def _check(name: str, t: Type, v: Any, inside: bool = False) -> int:
    """Return the kind of a value that has a type; a RowError says why it has not."""
    if v is None:
        if t.nullable or t.kind == _ANY:
            return _NULL
        raise RowError("null", f"field {name} is null, and its type is {t}: return a value, or declare it with or_null()")
    is_, kind = _kind_of(v), t.kind
    if kind == _ANY:
        kind = is_
    fits = is_ == kind or (kind == _NUMBER and is_ == _INTEGER) or (kind in (_TIME, _PERIOD) and is_ == _INTEGER) or (kind == _MAP and is_ == _RECORD)
    if inside and kind in (_BYTES, _TIME, _PERIOD):
        fits = is_ == _TEXT  # what JSON has for them is a text
    if not fits or is_ < 0:
        raise RowError("type", f"field {name} is of type {type(v).__name__}, not {t}")
    if is_ == _INTEGER and kind != _NUMBER and not -(1 << 63) <= v < 1 << 63:
        raise RowError("overflow", f"field {name} does not fit into 64 bits")
    if kind == _NUMBER:
        try:
            finite = math.isfinite(v)
        except OverflowError:
            finite = False
        if not finite:
            raise RowError("overflow", f"field {name} is not a finite number")
    if is_ == _LIST:
        for i, each in enumerate(v):
            _check(f"{name}[{i}]", t.element or ANY, each, True)
    if is_ == _RECORD:
        fields = dict(t.fields)
        for k, each in v.items():
            if not isinstance(k, str):
                raise RowError("type", f"field {name} has the name {k!r}, which is no text")
            _check(f"{name}.{k}", fields.get(k) or t.element or ANY, each, True)
        for k, each in fields.items():
            if k not in v:
                _check(f"{name}.{k}", each, None, True)
    return kind


def _text(name: str, kind: int, v: Any) -> bytes:
    """The bytes of a value that is not a number."""
    if kind == _BYTES:
        return bytes(v)
    try:
        return (v if kind == _TEXT else json.dumps(v, ensure_ascii=False, allow_nan=False, separators=(",", ":"))).encode()
    except (UnicodeEncodeError, ValueError, TypeError, RecursionError) as e:
        raise RowError("type", f"field {name} cannot be written as {_KINDS[kind]}: {e}") from None


_EMPTY = {_BOOLEAN: False, _INTEGER: 0, _NUMBER: 0.0, _TIME: 0, _PERIOD: 0}


class _Columns:
    """The columns of fields, filled row by row."""

    def __init__(self, fields: dict, makes_rows: bool = False) -> None:
        self.fields, self.sizes, self.rows = fields, [], 0
        self.values: dict = {name: [] for name in fields}
        self.kinds: dict = {name: bytearray() for name in fields}
        self.nulls: dict = {name: [] for name in fields}

    def add(self, row: dict) -> None:
        """Add a row; one that does not fit adds nothing and raises a RowError."""
        if not isinstance(row, dict):
            raise RowError("type", f"a record is of type {type(row).__name__}: it is to be a dict of its fields")
        for name in row:
            if name not in self.fields:
                raise RowError("type", f"field {name!r} is not one of the kind: it has {', '.join(self.fields) or 'none'}")
        made, size = [], 16
        for name, t in self.fields.items():
            v = row.get(name)
            kind = _check(name, t, v)
            if kind >= _TEXT and kind not in (_TIME, _PERIOD):
                v = _text(name, kind, v)
                size += len(v)
            size += 10
            made.append((name, kind, v))
        if size > MESSAGE_CAP - _ROOM:
            raise RowError("too_large", f"the record has {size} bytes, and a message has {MESSAGE_CAP} at most: make it smaller")
        for name, kind, v in made:
            self._put(name, kind, v)
        self._end(size)

    def skip(self) -> None:
        """Add a row that does not matter."""
        for name in self.fields:
            self._put(name, _NULL, None)
        self._end(0)

    def _put(self, name: str, kind: int, v: Any) -> None:
        null = kind == _NULL
        self.kinds[name].append(kind)
        self.nulls[name].append(null)
        if null:
            v = _EMPTY.get(self.fields[name].kind, b"")
        self.values[name].append(v)

    def _end(self, size: int) -> None:
        self.sizes.append(size)
        self.rows += 1

    def columns(self) -> list:
        """What has been added, as messages."""
        made = []
        for name, t in self.fields.items():
            values, c = self.values[name], pb.Column(name=_path(name), kind=t.kind)
            if t.kind == _ANY:
                kinds = self.kinds[name]
                c.kinds = bytes(kinds)
                c.ints.extend(_bits(k, v) for k, v in zip(kinds, values))
                c.texts.CopyFrom(_to_runs(v if isinstance(v, bytes) else b"" for v in values))
            elif t.kind == _BOOLEAN:
                c.bools.extend(values)
            elif t.kind in (_INTEGER, _TIME, _PERIOD):
                c.ints.extend(values)
            elif t.kind == _NUMBER:
                c.floats.extend(map(float, values))
            else:
                c.texts.CopyFrom(_to_runs(values))
            if t.kind != _ANY and any(self.nulls[name]):
                c.nulls.extend(self.nulls[name])
            made.append(c)
        return made


def _bits(kind: int, v: Any) -> int:
    if kind == _NUMBER:
        return struct.unpack("q", struct.pack("d", v))[0]
    return int(v) if kind in (_BOOLEAN, _INTEGER, _TIME, _PERIOD) else 0


def _double(bits: int) -> float:
    return struct.unpack("d", struct.pack("q", bits))[0]


def _path(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _from_type(t: Any) -> Type:
    element = _from_type(t.element) if t.HasField("element") else None
    return Type(t.kind, t.nullable, element, tuple((f.name, _from_type(f.type)) for f in t.fields), t.layout)


def _to_type(t: Type) -> Any:
    return pb.Type(kind=t.kind, nullable=t.nullable, element=_to_type(t.element) if t.element else None, fields=_to_fields(dict(t.fields)), layout=t.layout)


def _to_fields(fields: dict) -> list:
    return [pb.Field(name=n, type=_to_type(t)) for n, t in fields.items()]


def _to_schema(doc: str, example: str, attrs: Sequence[Attr], blocks: Sequence[Block]) -> Any:
    schema = pb.Schema(doc=doc, example=example)
    for a in attrs:
        m = schema.attrs.add(name=a.name, type=a.type, required=a.required, enum=a.enum, min=a.min, max=a.max, doc=a.doc, want=_to_type(a.want) if a.want else None)
        if a.default is not None:
            _set_default(m, a)
    for b in blocks:
        schema.blocks.add(name=b.name, label=b.label, required=b.required, repeated=b.repeated, doc=b.doc, schema=_to_schema(b.doc, "", b.attrs, b.blocks))
    return schema


def _set_default(m: Any, a: Attr) -> None:
    d = m.default
    if a.type in (STRING, FILE):
        d.string = a.default
    elif a.type in (INT, SIZE):
        d.int = a.default
    elif a.type == FLOAT:
        d.float = a.default
    elif a.type == BOOL:
        d.bool = a.default
    elif a.type == DURATION:
        d.duration = round(a.default * 1e9)
    elif a.type == STRINGS:
        d.strings.values.extend(a.default)
    else:
        raise TypeError(f"attribute {a.name}: its type has no defaults")


# ---- the sessions of stages


def _problem(e: BaseException, operation: str) -> Any:
    """What onstream is told of an exception. Only a StageError, a ConfigError or a wrong use of Python is not tried again."""
    lasting = isinstance(e, (StageError, ConfigError, NotImplementedError, NameError, AttributeError, TypeError))
    return pb.Problem(message=_tell(e), permanent=lasting, operation=operation)


def _tell(e: BaseException) -> str:
    known = isinstance(e, (StageError, RowError, ConfigError, OSError))
    return _bounded(str(e) if known and str(e) else f"{type(e).__name__}: {e}")


def _bounded(text: str) -> str:
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= 4096 else text[:4096] + "…"


_traced: set = set()


def _trace(e: BaseException) -> None:
    """Log where an exception of the author's code came from, once for each place."""
    if isinstance(e, (StageError, RowError, ConfigError, OSError)):
        return
    frame = traceback.extract_tb(e.__traceback__)[-1:]
    place = (type(e).__name__, frame[0].filename, frame[0].lineno) if frame else (type(e).__name__,)
    if place in _traced or len(_traced) > 100:
        return
    _traced.add(place)
    logging.getLogger("onstream").warning("".join(traceback.format_exception(type(e), e, e.__traceback__)).rstrip())


def _failure(row: int, e: BaseException) -> Any:
    _trace(e)
    code = e.code if isinstance(e, RowError) else "exception"
    return pb.RowFailure(row=row, code=_bounded(code), message=_tell(e))


class _Session:
    """One stream: the object of the author's class, which is opened at the first call that works."""

    def __init__(self, plugin: Plugin, message: Any, shape: Any = None) -> None:
        self.kind: Any = plugin._make(message, shape)
        self._opened = False

    def open(self) -> None:
        if not self._opened:
            self.kind.open()
            self._opened = True

    def close(self) -> None:
        if self._opened:
            self._opened = False
            self.kind.close()

    def metrics(self, reply: Any) -> Iterator[Any]:
        taken = self.kind.stage.metrics._take()
        if taken is not None:
            yield reply(metrics=taken)


def _open(plugin: Plugin, message: Any, shape: Any = None) -> tuple:
    """Return the session of a stage, None where there cannot be one, and the answer."""
    session = None
    try:
        session = _Session(plugin, message, shape)
        session.open()
        return session, pb.Opened()
    except Exception as e:
        _trace(e)
        problem = _problem(e, "open")
        return (None if problem.permanent else session), pb.Opened(problem=problem)


def _closing(session: Optional[_Session]) -> None:
    """Close a stage whose stream ends; nobody waits for its answer any more."""
    if session is not None:
        try:
            session.close()
        except Exception as e:
            logging.getLogger("onstream").warning("close: %s", _tell(e))


# -- transforms


def _transform(plugin: Plugin, requests: Iterator[Any]) -> Iterator[Any]:
    session = None
    try:
        for request in requests:
            which = request.WhichOneof("request")
            if which == "open":
                session, opened = _open(plugin, request.open.stage, request.open.input)
                yield pb.TransformReply(opened=opened)
            elif which == "process":
                yield pb.TransformReply(processed=_process(session, request.process))
            if session is not None:
                yield from session.metrics(pb.TransformReply)
    finally:
        _closing(session)


def _process(session: Optional[_Session], request: Any) -> Any:
    try:
        if session is None:
            raise StageError("the stage is not open")
        session.open()
        kind = session.kind
        batch = Batch(request.batch, kind.config)
        results = kind.batch(batch)
        if not isinstance(results, list) or len(results) != len(batch):
            raise StageError(f"batch() of {kind.name} returned no list of {len(batch)} results: return one for each record")
        adds = kind.makes == "input" or (kind.makes == "columns" and not any(isinstance(r, list) for r in results))
        made = _keep(kind, results) if adds else _make(kind, results, request.batch)
        if made is None:  # onstream asks again, with parts of the batch
            made = pb.Processed(divide=True)
        made.id = request.id
        return made
    except Exception as e:
        _trace(e)
        problem = _problem(e, "process")
        problem.permanent = True
        return pb.Processed(id=request.id, problem=problem)


def _keep(kind: Any, results: list) -> Any:
    """The answer of a transform that adds fields, or makes one record of each; None where it is too large for a message."""
    processed, columns, kept = pb.Processed(), _Columns(kind.fields), []
    for row, result in enumerate(results):
        try:
            if isinstance(result, BaseException):
                raise result
            if result is None:
                processed.dropped += 1
                columns.skip()
                continue
            columns.add(result)
            kept.append(row)
        except Exception as e:
            processed.failures.append(_failure(row, e))
            columns.skip()
    if sum(columns.sizes) > MESSAGE_CAP - _ROOM:
        return None
    if kept:
        what = pb.Kept(columns=columns.columns())
        if len(kept) == len(results):
            what.all = True
        else:
            what.rows.extend(kept)
        processed.emitted.add(output=0, kept=what)
    return processed


def _make(kind: Any, results: list, batch: Any) -> Any:
    """The answer of a transform that makes records of its own; None where it is too large for a message."""
    processed, rows, stands, sources = pb.Processed(), [], 0, []
    columns = _Columns(kind.fields)
    payload = kind.makes == "payload"
    total = 0
    for row, result in enumerate(results):
        try:
            if isinstance(result, BaseException):
                raise result
            each = [] if result is None else result if isinstance(result, list) else [result]
            if not each:
                processed.dropped += 1
                continue
            if payload:
                for v in each:
                    if not isinstance(v, (bytes, bytearray)):
                        raise RowError("type", f"a record is of type {type(v).__name__}: it is to be bytes")
                size = sum(len(v) + 10 for v in each)
            else:
                trial = _Columns(kind.fields)
                for v in each:
                    trial.add(v)
                size = sum(trial.sizes)
            if size > MESSAGE_CAP - _ROOM:
                raise RowError("too_large", f"what was made of the record has {size} bytes, and a message has {MESSAGE_CAP} at most: make less")
            total += size
            if total > MESSAGE_CAP - _ROOM:
                return None
            for v in each:
                if not payload:
                    columns.add(v)
                rows.append(v)
                sources.append(row)
            stands += 1
        except Exception as e:
            processed.failures.append(_failure(row, e))
    if rows:
        made = pb.Batch(rows=len(rows), received=batch.received)
        if batch.HasField("partition"):
            made.partition.CopyFrom(batch.partition)
        if batch.times:
            made.times.extend(batch.times[row] for row in sources)
        if batch.keys.lengths:
            keys = _runs(batch.keys)
            made.keys.CopyFrom(_to_runs(keys[row] for row in sources))
        if payload:
            made.values.CopyFrom(_to_runs(rows))
        else:
            made.columns.extend(columns.columns())
        processed.emitted.add(output=0, made=made, stands_for=stands)
    return processed


# -- sinks


def _sink(plugin: Plugin, requests: Iterator[Any]) -> Iterator[Any]:
    session = None
    try:
        for request in requests:
            which = request.WhichOneof("request")
            if which == "open":
                session, opened = _open(plugin, request.open.stage)
                yield pb.SinkReply(opened=opened)
            elif which == "write":
                written = _write(session, request.write)
                if not written.HasField("problem"):
                    # Only now: a batch that has to come again is not overtaken by a later one.
                    yield pb.SinkReply(taken=pb.Taken(id=request.write.id))
                yield pb.SinkReply(written=written)
            elif which == "flush":
                yield pb.SinkReply(flushed=pb.Flushed(id=request.flush.id, problem=_attempt("flush", lambda: session and session.kind.flush())))
            elif which == "close":
                yield pb.SinkReply(closed=pb.Closed(problem=_attempt("close", lambda: session and session.close())))
                return
            if session is not None:
                yield from session.metrics(pb.SinkReply)
    finally:
        _closing(session)


def _attempt(operation: str, call: Callable[[], Any]) -> Any:
    try:
        call()
        return None
    except Exception as e:
        _trace(e)
        return _problem(e, operation)


def _write(session: Optional[_Session], request: Any) -> Any:
    written = pb.Written(id=request.id)
    try:
        if session is None:
            raise StageError("the stage is not open")
        session.open()
        batch = Batch(request.batch, session.kind.config)
        session.kind.write(batch)
        for row, (code, message) in sorted(batch.failures.items()):
            written.failures.add(row=row, code=_bounded(str(code)), message=_bounded(str(message)))
    except Exception as e:
        _trace(e)
        written.problem.CopyFrom(_problem(e, "write"))
    return written


# -- sources


class Outlet:
    """Where a source puts its records. It is safe for use from several threads; a partition keeps the order of send()."""

    def __init__(self, fields: dict, payload: bool) -> None:
        self._fields, self._payload = fields, payload
        self._changed = threading.Condition()
        self._records, self._bytes, self._ids, self._stopped = 0, 0, 0, False
        self._replies: queue.SimpleQueue = queue.SimpleQueue()
        self._waiting: dict = {}
        self._sending = threading.Lock()
        self.positions: dict = {}

    @property
    def stopping(self) -> bool:
        """Whether the source is to end."""
        return self._stopped

    def wait(self, seconds: float) -> bool:
        """Wait, but no longer than until the source is to end; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._stopped, seconds)

    def resume(self, partition: str = "") -> Optional[bytes]:
        """The position at which a partition goes on, None for its beginning. Of sources that are seekable."""
        return self.positions.get(partition)

    def send(
        self,
        records: Sequence[Any],
        position: Optional[bytes] = None,
        partition: str = "",
        times: Optional[Sequence[int]] = None,
        keys: Optional[Sequence[bytes]] = None,
        settled: Optional[Callable[[Optional[str]], None]] = None,
    ) -> None:
        """Deliver records; it waits while onstream has enough, and raises Stopped when the source is to end.

        position is where to go on after the last of them. settled is called, from another thread, when all that they became is safe (with None)
        or cannot be (with the reason). times are in nanoseconds since 1970. A record that does not fit fails, and the others go on.
        """
        if not records:
            return
        with self._sending:
            parts = _Parts(settled) if settled is not None else None
            for end, made in self._cut(records, times, keys):
                last = end == len(records)
                self._deliver(made, position if last else None, partition, parts, last)

    def done(self, partition: str) -> None:
        """Say that no more of a partition comes."""
        self._replies.put(pb.SourceReply(done=pb.PartitionDone(partition=pb.Partition(name=partition))))

    def _cut(self, records: Sequence[Any], times: Any, keys: Any) -> Iterator[tuple]:
        """Divide records into messages, each as large as may be sent now."""
        at, now = 0, time.time_ns()
        while at < len(records):
            start, most, size = at, self._credit(), 0
            deliver, columns, payloads = pb.Deliver(), _Columns(self._fields), []
            while at < len(records) and at - start < most:
                try:
                    n = self._add(columns, payloads, records[at], MESSAGE_CAP - _ROOM - size)
                except RowError as e:
                    deliver.failures.append(_failure(at - start, e))
                    columns.skip()
                    payloads.append(b"")
                    n = 64
                if n is None:
                    break
                size += n
                at += 1
            b = deliver.batch
            b.rows, b.received = at - start, now
            if self._payload:
                b.values.CopyFrom(_to_runs(payloads))
            else:
                b.columns.extend(columns.columns())
            if times is not None:
                b.times.extend(times[start:at])
            if keys is not None:
                b.keys.CopyFrom(_to_runs(keys[start:at]))
            yield at, deliver

    def _add(self, columns: _Columns, payloads: list, record: Any, room: int) -> Optional[int]:
        """Add a record, and return its size; None where there is no room for it in this message."""
        if not self._payload:
            columns.add(record)
            size = columns.sizes[-1]
            if size > room:
                for name in columns.fields:
                    for held in (columns.values, columns.kinds, columns.nulls):
                        held[name].pop()
                columns.sizes.pop()
                columns.rows -= 1
                return None
            return size
        if not isinstance(record, (bytes, bytearray)):
            raise RowError("type", f"a record is of type {type(record).__name__}: it is to be bytes")
        if len(record) > MESSAGE_CAP - _ROOM:
            raise RowError("too_large", f"the record has {len(record)} bytes, and a message has {MESSAGE_CAP} at most")
        if len(record) + 10 > room:
            return None
        payloads.append(bytes(record))
        return len(record) + 10

    def _credit(self) -> int:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or (self._records > 0 and self._bytes > 0))
            if self._stopped:
                raise Stopped()
            return self._records

    def _deliver(self, deliver: Any, position: Optional[bytes], partition: str, parts: Optional[_Parts], last: bool) -> None:
        deliver.batch.partition.name = partition
        if position is not None:
            deliver.next = position
        with self._changed:
            if self._stopped:
                raise Stopped()
            self._ids += 1
            deliver.id = self._ids
            deliver.answer = parts is not None
            if parts is not None:
                self._waiting[deliver.id] = parts, last
            self._records -= deliver.batch.rows
            self._bytes -= deliver.batch.ByteSize()
        self._replies.put(pb.SourceReply(deliver=deliver))

    def _grant(self, credit: Any) -> None:
        with self._changed:
            self._records += credit.records
            self._bytes += credit.bytes
            self._changed.notify_all()

    def _stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _settle(self, message: Any) -> None:
        outcomes = [(i, None) for i in message.acked] + [(r.id, r.message) for r in message.rejected]
        for i, reason in outcomes:
            parts, last = self._waiting.pop(i, (None, False))
            if parts is not None:
                try:
                    parts.settle(reason, last)
                except Exception as e:
                    _trace(e)


class _Parts:
    """What became of the messages of one send(). They are settled in order."""

    def __init__(self, settled: Callable[[Optional[str]], None]) -> None:
        self._settled, self._reason = settled, None

    def settle(self, reason: Optional[str], last: bool) -> None:
        self._reason = self._reason or reason
        if last:
            self._settled(self._reason)


def _source(plugin: Plugin, requests: Iterator[Any], context: Any) -> Iterator[Any]:
    request = next(requests, None)
    if request is None or request.WhichOneof("request") != "open":
        return
    session, opened = _open(plugin, request.open.stage)
    yield pb.SourceReply(opened=opened)
    if session is None:
        return
    out = Outlet(session.kind.fields, session.kind.payload)
    out.positions = {r.partition.name: r.position for r in request.open.resume}

    def listen() -> None:
        # Also when the source has ended: what it has delivered is settled until the stream ends.
        try:
            for request in requests:
                which = request.WhichOneof("request")
                if which == "credit":
                    out._grant(request.credit)
                elif which == "settled":
                    out._settle(request.settled)
                elif which == "stop":
                    out._stop()
        except Exception:  # the stream broke
            pass
        out._stop()
        out._replies.put(None)

    def run() -> None:
        problem = None
        try:
            while not out.stopping:
                try:
                    session.open()
                    break
                except OSError as e:
                    logging.getLogger("onstream").warning("open: %s", _tell(e))
                    out.wait(1)
            if not out.stopping:
                session.kind.run(out)
        except Stopped:
            pass
        except Exception as e:
            if not out.stopping:
                _trace(e)
                problem = _problem(e, "run")
        for metrics in session.metrics(pb.SourceReply):
            out._replies.put(metrics)
        out._replies.put(pb.SourceReply(ended=pb.Ended(problem=problem)))

    context.add_callback(out._stop)
    context.add_callback(lambda: out._replies.put(None))
    running = threading.Thread(target=run, daemon=True)
    running.start()
    threading.Thread(target=listen, daemon=True).start()
    told = time.monotonic()
    try:
        while True:
            try:
                reply = out._replies.get(timeout=1)
            except queue.Empty:
                pass
            else:
                if reply is None:
                    return
                yield reply
            if time.monotonic() - told >= 1 and running.is_alive():
                told = time.monotonic()
                yield from _status(session)
    finally:
        out._stop()
        running.join(10)
        _closing(session)


def _status(session: _Session) -> Iterator[Any]:
    try:
        status = session.kind.status()
        if status is not None:
            done, total, lag = status
            yield pb.SourceReply(status=pb.SourceStatus(done=done or 0, total=total or 0, lag=lag))
    except Exception as e:
        _trace(e)
    yield from session.metrics(pb.SourceReply)


# -- look-ups


def _lookup(plugin: Plugin, requests: Iterator[Any], context: Any) -> Iterator[Any]:
    request = next(requests, None)
    if request is None or request.WhichOneof("request") != "open":
        return
    session, opened = _open(plugin, request.open.stage)
    yield pb.LookupReply(opened=opened)
    if session is None:
        return
    replies: queue.SimpleQueue = queue.SimpleQueue()
    pool = concurrent.futures.ThreadPoolExecutor(session.kind.concurrency)

    def listen() -> None:
        try:
            for request in requests:
                if request.WhichOneof("request") == "find":
                    pool.submit(lambda find=request.find: replies.put(pb.LookupReply(found=_find(session, find))))
        except Exception:  # the stream broke
            pass
        pool.shutdown(wait=True)
        replies.put(None)

    threading.Thread(target=listen, daemon=True).start()
    try:
        while True:
            reply = replies.get()
            if reply is None:
                return
            yield reply
            yield from session.metrics(pb.LookupReply)
    finally:
        _closing(session)


def _find(session: _Session, find: Any) -> Any:
    found = pb.Found(id=find.id)
    try:
        session.open()
        keys = [_from_value(k) for k in find.keys]
        records = session.kind.find(keys)
        if not isinstance(records, list) or len(records) != len(keys):
            raise StageError(f"find() of {session.kind.name} returned no list of {len(keys)} records: return one for each key, None where there is none")
        texts = []
        for i, r in enumerate(records):
            if r is None:
                continue
            if not isinstance(r, dict):
                raise StageError(f"find() of {session.kind.name} returned a {type(r).__name__}: return a dict, or None")
            try:
                _check("record", session.kind.found or ANY, r, True)
                texts.append(_text("record", _RECORD, r))
            except RowError as e:
                raise StageError(f"find() of {session.kind.name}: {e.message}") from None
            found.keys.append(i)
        if sum(map(len, texts)) > MESSAGE_CAP - _ROOM:
            raise StageError(f"what was found has more than {MESSAGE_CAP} bytes: return smaller records")
        found.records.CopyFrom(_to_runs(texts))
        return found
    except Exception as e:
        _trace(e)
        return pb.Found(id=find.id, problem=_problem(e, "find"))


# ---- the plugin


class Plugin:
    """A plugin: its name, its version for people, and the classes that are its kinds."""

    def __init__(self, name: str, version: str, kinds: Sequence[type]) -> None:
        self.name, self.version = name, version
        self._kinds: dict = {}
        for kind in kinds:
            role = next((r for base, r in _ROLES.items() if issubclass(kind, base)), None)
            if role is None:
                raise TypeError(f"{kind.__name__} is no Source, Transform, Sink or Lookup")
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", kind.name):
                raise ValueError(f"{kind.__name__}: {kind.name!r} is no name of a kind: write letters, digits and underscores, a letter first")
            if (role, kind.name) in self._kinds:
                raise ValueError(f"{kind.__name__}: there are two of the name {kind.name!r}")
            self._kinds[role, kind.name] = kind

    def serve(self) -> None:
        """Serve onstream, until it ends the process."""
        if not SERVED:
            kinds = ", ".join(f"{pb.Role.Name(role).lower()} {name}" for role, name in self._kinds)
            print(f"this is {self.name} {self.version}, a plugin for onstream, with: {kinds}", file=sys.stderr)
            print("onstream starts it: write its path as the source of a plugin block in a pipeline", file=sys.stderr)
            sys.exit(2)
        if "1" not in os.environ.get("PLUGIN_PROTOCOL_VERSIONS", "1").split(","):
            print(f"this plugin speaks version 1 of the protocol, and onstream {os.environ['PLUGIN_PROTOCOL_VERSIONS']}", file=sys.stderr)
            sys.exit(1)
        _log_to_host()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal, where it is meant for onstream
        server = grpc.server(
            concurrent.futures.ThreadPoolExecutor(1024),
            options=[
                ("grpc.max_receive_message_length", MESSAGE_CAP),
                ("grpc.max_send_message_length", MESSAGE_CAP),
                ("grpc.so_reuseport", 0),
                ("grpc.http2.min_ping_interval_without_data_ms", 1000),
                ("grpc.keepalive_permit_without_calls", 1),
            ],
        )
        server.add_generic_rpc_handlers(self._handlers())
        credentials, certificate = _credentials()
        port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        _stdout.write(f"1|1|tcp|127.0.0.1:{port}|grpc|{certificate}\n")
        _stdout.flush()
        parent = os.getppid()
        threading.Thread(target=_watch_input, daemon=True).start()
        while os.getppid() == parent:
            time.sleep(0.25)
        os._exit(1)  # onstream has gone

    def _handlers(self) -> tuple:
        def unary(call: Any, request: Any) -> Any:
            return grpc.unary_unary_rpc_method_handler(call, request.FromString, lambda m: m.SerializeToString())

        def stream(call: Any, request: Any) -> Any:
            return grpc.stream_stream_rpc_method_handler(call, request.FromString, lambda m: m.SerializeToString())

        def raw(call: Any) -> Any:
            return grpc.unary_unary_rpc_method_handler(call)

        calls = {
            "Describe": unary(lambda _, __: self.describe(), pb.DescribeRequest),
            "Configure": unary(lambda r, _: self.configure(r), pb.ConfigureRequest),
            "Source": stream(lambda r, c: _source(self, r, c), pb.SourceRequest),
            "Transform": stream(lambda r, _: _transform(self, r), pb.TransformRequest),
            "Sink": stream(lambda r, _: _sink(self, r), pb.SinkRequest),
            "Lookup": stream(lambda r, c: _lookup(self, r, c), pb.LookupRequest),
        }

        def shutdown(_: bytes, __: Any) -> bytes:
            # Soon, so that the answer is sent. What had to be finished was finished at the end of the streams.
            threading.Timer(0.03, lambda: os._exit(0)).start()
            return b""

        serving = b"\x08\x01"  # a HealthCheckResponse
        return (
            grpc.method_handlers_generic_handler("onstream.plugin.v1.Plugin", calls),
            grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": raw(lambda _, __: serving)}),
            grpc.method_handlers_generic_handler("plugin.GRPCController", {"Shutdown": raw(shutdown)}),
        )

    def describe(self) -> Any:
        """What the plugin offers, as a message of the protocol."""
        reply = pb.DescribeReply(name=self.name, version=self.version)
        for (role, name), k in self._kinds.items():
            schema = _to_schema(k.doc or (k.__doc__ or ""), k.example, k.attrs, k.blocks)
            reply.kinds.add(role=role, name=name, schema=schema, payload=k.payload, default_format=k.default_format, topic=k.topic, body=k.body, headers=k.headers)
        return reply

    def configure(self, request: Any) -> Any:
        """Check a stage's configuration, and tell what the stage is."""
        reply = pb.ConfigureReply()
        try:
            kind = self._make(request.stage, request.input)
        except ConfigError as e:
            reply.problems.add(path=e.path, message=_bounded(e.message))
            return reply
        except Exception as e:
            _trace(e)
            reply.problems.add(path="", message=_tell(e))
            return reply
        reply.remarks.extend(kind.remarks)
        if isinstance(kind, Source):
            reply.capabilities.CopyFrom(pb.Capabilities(seekable=kind.seekable, redelivers=kind.redelivers, ordered=kind.ordered, weakens=kind.weakens))
            if not kind.payload:
                reply.outputs.add(**{"from": pb.Output.COLUMNS}, fields=_to_fields(kind.fields))
        elif isinstance(kind, Sink):
            reply.capabilities.CopyFrom(pb.Capabilities(idempotent=kind.idempotent, ordered=kind.ordered, weakens=kind.weakens))
            reply.fixed_topic = kind.fixed_topic
        elif isinstance(kind, Transform):
            reply.volatile = kind.volatile
            reply.outputs.add(**{"from": pb.Output.From.Value(kind.makes.upper())}, fields=_to_fields(kind.fields), removed=kind.removes)
        elif kind.found is not None:
            reply.found.CopyFrom(_to_type(kind.found))
        return reply

    def _make(self, message: Any, shape: Any = None) -> Any:
        kind = self._kinds.get((message.role, message.kind))
        if kind is None:
            raise StageError(f"the plugin has no kind {message.kind}: update it, or onstream's idea of it by starting again")
        return kind(
            Stage(
                config=Config(message.config),
                address=message.address,
                pipeline=message.pipeline,
                payload=_from_type(message.payload.type),
                format=message.payload.format,
                terminator=message.terminator.encode() if isinstance(message.terminator, str) else message.terminator,
                input=_from_type(shape.type) if shape is not None else ANY,
                metrics=Metrics(),
            )
        )


def _watch_input() -> None:
    """End when standard input does, which is a pipe that ends with onstream."""
    try:
        if not (stat.S_ISFIFO(os.fstat(0).st_mode) or stat.S_ISSOCK(os.fstat(0).st_mode)):
            return
        while os.read(0, 4096):
            pass
    except OSError:
        return
    os._exit(1)


def _credentials() -> tuple:
    """The server's credentials, with a certificate that is made now and trusts none but the host's, and that certificate for the handshake."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain = certificate.public_bytes(serialization.Encoding.PEM)
    host = os.environ.get("PLUGIN_CLIENT_CERT", "").encode()
    if not host:
        print("PLUGIN_CLIENT_CERT is not there: this onstream does not secure its connections to plugins; update it", file=sys.stderr)
        sys.exit(1)
    der = certificate.public_bytes(serialization.Encoding.DER)
    return grpc.ssl_server_credentials([(private, chain)], host, True), base64.b64encode(der).decode().rstrip("=")


# ---- the log

TRACE = 5
_LEVELS = ((logging.ERROR, "error"), (logging.WARNING, "warn"), (logging.INFO, "info"), (logging.DEBUG, "debug"))
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Lines(logging.Formatter):
    """A message as the line of JSON that onstream reads."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        line = {k: v for k, v in vars(record).items() if k not in _STANDARD}
        line["@message"] = _bounded(text)
        line["@level"] = next((name for level, name in _LEVELS if record.levelno >= level), "trace")
        if record.name != "root":
            line["@module"] = record.name
        return json.dumps(line, default=str)


def _log_to_host() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    logging.addLevelName(TRACE, "TRACE")
    logging.basicConfig(handlers=[handler], level=TRACE, force=True)
    logging.getLogger("grpc").setLevel(logging.WARNING)
