pipeline "stateful" {
  checkpoint {
    interval   = "100ms"
    durability = "os"
  }
}

schema "reading" {
  fields = { device = string, temp = float, tags = map(string), ts = time }
}

source "feed" "readings" {
  schema = schema.reading
}

source "once" "orders" {
  format = "json"
  spool {
    max_size = "1MiB"
  }
}

transform "pair" "both" {
  from = { left = [source.readings], right = source.orders }
  key  = { left = event.device, right = event.machine }
  time = { left = event.ts, right = time::parse(event.at) }
  emit = { device = left.device, all = [left], part = right.part.name, known = has(right.part) }
}

transform "fold" "mean" {
  from    = source.readings
  key     = event.device
  initial = { n = 0, mean = event.temp }
  update  = { n = state.n + 1, mean = state.mean + (event.temp - state.mean) / (state.n + 1), who = key }
}

transform "tally" "minute" {
  from = source.readings
  key  = event.device
  emit = {
    device = key
    spread = agg::max(event.temp) - agg::min(event.temp)
    median = agg::percentile(event.temp, 0.5)
    texts  = [for n in [1, 2] : "${n} of ${agg::count()} at ${window.end}"]
    site   = default(agg::last(event.tags.site), "none")
  }
}

transform "seek" "site" {
  from = source.readings
  lookup "table" {
    fields = ["site", "owner"]
  }
  by  = event.device
  set = { place = { site = found.site, all = found } }
}

sink "print" "out" {
  from = [transform.both, transform.mean, transform.minute, transform.site, transform.minute.late]
}

sink "print" "dead" {
  from = errors
}
