# Plain sinks: what is written twice is there twice.

sink "file" "records" {
  from = transform.reading
  path = "${var.dir}/records.ndjson"
}

sink "file" "windows" {
  from = transform.windows
  path = "${var.dir}/windows.ndjson"
}

sink "file" "late" {
  from = transform.windows.late
  path = "${var.dir}/late.ndjson"
}

sink "file" "errors" {
  from = errors
  path = "${var.dir}/errors.ndjson"
}
