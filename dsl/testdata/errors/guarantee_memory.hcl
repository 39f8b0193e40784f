# options: --memory
pipeline "remembering" {
  require = "at_least_once" # error: guarantee not met: source.posts -> sink.out is at_most_once: after a crash what source.posts had not acknowledged comes again, and the sink writes it again; a restart loses what transform.count took in: state is kept in memory only; run with --state DIR
}

source "once" "posts" {
  format   = "json"
  on_error = "fail"
}

transform "fold" "count" {
  from    = source.posts
  initial = { n = 0 }
  update  = { n = state.n + 1 }
}

sink "print" "out" {
  from = transform.count
}
