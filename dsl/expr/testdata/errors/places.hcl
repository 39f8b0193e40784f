# Names that belong to another place.
ok1          = meta.partition
ok2          = setting.limit + var.offset
window       = window.end                  # error: not available here: window is not available in this place: it is available in emit of a window only
state        = state.count                 # error: not available here: it is available in a reduce stage only
left         = left.a                      # error: not available here: it is available in a join stage only
key          = key                         # error: not available here: key is not available in this place
node         = node.name                   # error: not available here: node has no values in this place
aggregate    = agg::max(event.temp)        # error: not available here: agg::max is available in emit of a window only
meta_unknown = meta.ofset                  # error: unknown name: meta has no ofset; did you mean offset?
meta_bare    = meta == null                # error: incomplete reference: say what of meta
header       = meta.header                 # error: incomplete reference: say which header
setting      = setting.limt                # error: unknown setting: there is no setting limt; did you mean limit?
setting_bare = setting                     # error: incomplete reference: say which setting
variable     = var.ofset                   # error: Unsupported attribute: ofset
static_call  = env(event.name)             # error: not available here: env is evaluated once, when the pipeline is built
