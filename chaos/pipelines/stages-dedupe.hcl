# Records that come twice, from the sender or because an answer was lost, count once.

transform "dedupe" "once" {
  from = transform.reading
  key  = event.id
  time = event.ts
  ttl  = "24h"
}

# Records of a device have different ids, so they leave dedupe in any order: the lateness covers that.
transform "window" "windows" {
  from     = transform.once
  key      = event.key
  time     = event.ts
  tumbling = "1s"
  lateness = "1h"
  idle     = "24h"
  emit = {
    key   = key
    start = window.start
    n     = agg::count()
    sum   = agg::sum(event.value)
  }
}
