sink "topic" "totals" {
  from  = transform.totals
  via   = connector.bus
  topic = "${var.run}.out.totals"
  key   = event.key
}
