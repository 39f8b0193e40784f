# What every pipeline of the harness has: the run's variables, and a checkpoint so often that kills meet it.

pipeline "chaos" {
  checkpoint {
    interval = "50ms"
  }
}

variable "dir" {
  type        = string
  description = "folder of the run"
}

variable "receiver" {
  type        = string
  default     = ""
  description = "URL of the harness, for sinks of kind http"
}

schema "reading" {
  fields = {
    id    = string
    key   = string
    seq   = int
    ts    = time
    value = int
  }
}

# Decodes, so that what is no record fails here, and once.
transform "map" "reading" {
  from = source.in
  emit = {
    id    = event.id
    key   = event.key
    seq   = event.seq
    ts    = event.ts
    value = event.value
  }
}
