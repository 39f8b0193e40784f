pipeline "nothing" {} # error: no source: a pipeline is at least a source and a sink | error: no sink: has no sink block
