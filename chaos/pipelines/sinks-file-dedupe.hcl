sink "file" "uniques" {
  from = transform.once
  path = "${var.dir}/uniques.ndjson"
}
