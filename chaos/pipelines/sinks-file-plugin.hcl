sink "harness_file" "totals" {
  from = transform.totals
  path = "${var.dir}/totals.ndjson"
}
