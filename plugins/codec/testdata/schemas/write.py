"""Writes avro.bin and protobuf.bin: the same three readings, by fastavro and by Google's protobuf for Python.

python -m venv venv && venv/bin/pip install fastavro==1.13.1 protobuf==7.36.2 grpcio-tools==1.85.1
venv/bin/python -m grpc_tools.protoc -I. --include_imports --descriptor_set_out=readings.binpb --python_out=. readings.proto
venv/bin/python write.py
"""
import datetime, decimal, io, json
import fastavro
from google.protobuf.internal import encoder
import readings_pb2

schema = fastavro.parse_schema(json.load(open("readings.avsc")))
start = datetime.datetime(2026, 1, 31, 8, 0, 0, 123000, tzinfo=datetime.timezone.utc)
out = io.BytesIO()
for i in range(3):
    fastavro.schemaless_writer(out, schema, {
        "device": f"d{i}", "temp": 21.5 + i if i else None, "n": -i, "at": start + datetime.timedelta(seconds=i),
        "day": datetime.date(2026, 1, 31), "mode": ["AUTO", "MANUAL"][i % 2], "price": decimal.Decimal("19.99") * i,
        "gps": {"lat": 48.5, "lon": 9.25}, "tags": {"site": "plant-5"}, "samples": list(range(i)), "raw": bytes([0, 255, i]),
        "value": [7, "seven", None][i],
    })
open("avro.bin", "wb").write(out.getvalue())

with open("protobuf.bin", "wb") as f:
    for i in range(3):
        m = readings_pb2.Reading(device=f"d{i}", n=-i, mode=i % 2, gps={"lat": 48.5, "lon": 9.25}, tags={"site": "plant-5"}, samples=range(i), raw=bytes([0, 255, i]))
        m.at.FromDatetime(start + datetime.timedelta(seconds=i))
        if i:
            m.temp = 21.5 + i
        if i == 0:
            m.count = 7
        if i == 1:
            m.text = "seven"
        body = m.SerializeToString()
        encoder._EncodeVarint(f.write, len(body))
        f.write(body)
