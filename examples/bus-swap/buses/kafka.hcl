# Apache Kafka.

connector "kafka" "bus" {
  bootstrap_servers = ["127.0.0.1:9092"]
  create            = "if_missing"

  topic {
    partitions = 4
  }
}
