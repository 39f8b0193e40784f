source "feed" "files" {
  spool {} # error: nothing to spool: source.files is read again from where it stopped and needs no spool; take the block out
}

source "tick" "ticks" {
  spool {} # error: nothing to spool: source.ticks asks nobody to wait until a record is safe
}

source "once" "posts" {
  format = "json"
  spool {
    max_size = "1KiB" # error: invalid max_size: max_size must be at least
  }
}

sink "print" "out" {
  from = [source.files, source.ticks, source.posts]
}
