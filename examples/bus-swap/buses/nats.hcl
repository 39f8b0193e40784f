# NATS JetStream, elsewhere.

connector "nats" "bus" {
  servers = ["nats://127.0.0.1:4222"]
}
