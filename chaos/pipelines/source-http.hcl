# Accepted is what was answered with 2xx: it is in the spool, and the disk has it. The spool is small, so that its
# files are begun and removed all the time.
source "http" "in" {
  listen = "127.0.0.1:0"
  schema = schema.reading
  spool {
    max_size = "1MiB"
  }
}
