pipeline "strict" {
  require = "effectively_once" # error: guarantee not met: source.files -> sink.out is at_least_once: positions are not stored yet
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
