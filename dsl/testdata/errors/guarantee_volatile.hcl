pipeline "strict" {
  require = "exactly_once" # error: guarantee not met: source.files -> sink.out is effectively_once, source.posts -> sink.same is effectively_once: the sink waits for the checkpoint (5s): transform.stamped and transform.site depend on more than the record, such as on the clock or on what came first (source.files -> sink.out); take other stages or require less
  checkpoint {
    interval = "5s"
  }
}

source "feed" "files" {}

source "once" "posts" {
  format = "json"
}

transform "map" "stamped" {
  from = source.files
  set  = { id = uuid::v7() }
}

transform "seek" "site" {
  from = transform.stamped
  lookup "table" {
    fields = ["site"]
  }
  by  = event.device
  set = { site = found.site }
}

sink "upsert" "out" {
  from = transform.site
  url  = "db://x"
}

sink "upsert" "same" {
  from = source.posts
  url  = "db://x"
}

sink "print" "dead" {
  from = errors
}
