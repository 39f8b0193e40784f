# Redis streams.

connector "redis" "bus" {
  addrs = ["127.0.0.1:6379"]
}
