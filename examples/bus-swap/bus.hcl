# NATS JetStream, inside the process: there is nothing to install. The folder buses has
# others; any of them may stand here.

connector "nats" "bus" {
  embedded = true
}
