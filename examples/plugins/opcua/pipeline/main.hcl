# A production line that is read over OPC UA: what is hot or in doubt appears on the screen.

plugin "plant" {
  source = "./bin/onstream-opcua"
}

pipeline "line" {}

variable "endpoint" {
  type    = string
  default = "opc.tcp://127.0.0.1:4840" # onstream-opcua simulate
}

source "plant_opcua" "line" {
  endpoint            = var.endpoint
  server              = "line-1"
  publishing_interval = "500ms"

  # All are floats, and so is value.
  node "temperature" {
    id       = "ns=1;s=Line.Temperature"
    type     = "float"
    deadband = 0.2
  }
  node "speed" {
    id   = "ns=1;s=Line.Speed"
    type = "float"
  }
  node "count" {
    id   = "ns=1;s=Line.Count"
    type = "float"
  }
}

transform "route" "verdict" {
  from = source.line
  output "doubtful" {
    when = event.quality != "good" || event.gap
  }
  output "hot" {
    when = event.node == "temperature" && default(event.value, 0.0) > 50
  }
  # the rest leaves by transform.verdict.otherwise
}

sink "stdout" "screen" {
  from = [transform.verdict.hot, transform.verdict.doubtful]
}

sink "discard" "fine" {
  from = transform.verdict.otherwise
}
