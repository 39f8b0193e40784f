pipeline "strict" {
  require = "effectively_once" # error: guarantee not met: source.files -> sink.out is at_least_once: after a crash the sink writes again what the last checkpoint (every 1s) did not know as written
}

source "feed" "files" {
  on_error = "drop"
}

sink "print" "out" {
  from = source.files
}

sink "upsert" "good" {
  from = source.files
  url  = "db://x"
}
