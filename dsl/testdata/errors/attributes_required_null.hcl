source "tick" "in" {}

sink "upsert" "out" {
  from = source.in
  url  = null # error: missing attribute: url must not be null
}
