# Readings come in over HTTP and go onto a bus; what is made of them goes back onto
# it, for whoever wants it. Which bus that is says bus.hcl alone.

pipeline "bus_swap" {
  version = "1.0.0"
}

variable "listen" {
  type        = string
  default     = "127.0.0.1:8080"
  description = "address to take readings at"
}

variable "site" {
  type        = string
  default     = "plant"
  description = "what the names of the topics begin with"
}

schema "reading" {
  fields = {
    device = string
    temp_c = float
    ts     = time
  }
}

# The gateway: readings are answered when the bus has them.
source "http" "gateway" {
  listen = var.listen
  path   = "/readings"
  schema = schema.reading
}

sink "topic" "readings" {
  from  = source.gateway
  via   = connector.bus
  topic = "${var.site}.readings"
  key   = event.device
}

# The analysis, which could as well be a pipeline of its own, elsewhere.
source "topic" "readings" {
  via    = connector.bus
  topic  = "${var.site}.readings"
  key    = event.device # several processes can share the work, each with the state of its devices
  schema = schema.reading
}

transform "filter" "hot" {
  from  = source.readings
  where = event.temp_c > 75
}

sink "topic" "hot" {
  from  = transform.hot
  via   = connector.bus
  topic = "${var.site}.results"
  key   = event.device
  body  = { kind = "hot", device = event.device, at = event.ts, value = event.temp_c }
}

transform "window" "minute" {
  from     = source.readings
  key      = event.device
  time     = event.ts
  tumbling = "1m"
  emit = {
    device  = key
    minute  = window.start
    average = round(agg::avg(event.temp_c), 2)
    n       = agg::count()
  }
}

# A topic may depend on the record: minutes with few readings go elsewhere.
sink "topic" "minutes" {
  from  = transform.minute
  via   = connector.bus
  topic = "${var.site}.${event.n < 6 ? "gaps" : "results"}"
  key   = event.device
  body  = { kind = "minute", device = event.device, at = event.minute, value = event.average }
}

# Whoever wants the results. On buses with patterns one source could read both:
# topic = "plant.*".
source "topic" "results" {
  via   = connector.bus
  topic = "${var.site}.results"
}

source "topic" "gaps" {
  via   = connector.bus
  topic = "${var.site}.gaps"
}

sink "stdout" "screen" {
  from = [source.results, source.gaps]
}

sink "stdout" "errors" {
  from = errors
}
