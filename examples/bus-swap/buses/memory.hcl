# Inside the process, and gone with it.

connector "memory" "bus" {
  partitions = 4
}
