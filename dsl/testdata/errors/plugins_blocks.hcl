plugin "a-b" { # error: invalid name: "a-b" cannot be the name of a plugin
  source = "x"
}

plugin "9" { # error: invalid name: "9" cannot be a name
  source = "x"
}

plugin "acme" {
  source = "x"
}

plugin "acme" { # error: duplicate plugin acme: was first declared at
  source = "y"
}

plugin "bare" {} # error: missing attribute: source is missing: The path of the program

plugin "odd" {
  source  = "x"
  version = "1" # error: unknown attribute: a plugin has nothing called "version"
}

plugin "digest" {
  source = "x"
  sha256 = "abc" # error: invalid sha256: sha256 is a digest of 64 hexadecimal digits; onstream plugin verify tells
}

plugin "hot" {
  source = "x"
  args   = ["a", secret("env:PRESENT")] # error: invalid args: args cannot be a secret
  env    = "A=1"                        # error: invalid env: env is an object of strings and secrets
}

plugin "env" {
  source = "x"
  env    = { A = 1, "B=" = "x" } # error: invalid env: env.A must be a string or a secret, not int | error: invalid env: "B=" cannot be the name of an environment variable
}

plugin "limits" {
  source = "x"
  limits {
    memory  = "much" # error: invalid memory: memory must be a size such as
    restart = -1     # error: invalid restart: restart must be at least 0
    timeout = 30     # error: invalid timeout: timeout must be a duration with its unit
    cpu     = 2      # error: unknown attribute: block limits has nothing called "cpu"
  }
}

plugin "computed" {
  source = event.path # error: not available here: event is known for each record only
}

source "tick" "in" {}

sink "print" "out" {
  from = source.in
}
