# Accepted is what is on the disk.
source "file" "in" {
  path   = "${var.dir}/in-*.ndjson"
  follow = true
  poll   = "5ms"
  schema = schema.reading
}
