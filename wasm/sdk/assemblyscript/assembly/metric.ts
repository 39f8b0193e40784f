import { Bytes } from "./bytes";
import * as host from "./host";

/** A metric of the stage. Metrics are defined in what onOpen is given. Their names are of letters, digits and underscores. */
@final
export class Metric {
  private constructor(private number: i32) {}

  private static define(kind: u32, name: string): Metric {
    const b = Bytes.of(name);
    return new Metric(host.metricDefine(kind, b.ptr, b.length));
  }

  /** A metric that only grows. */
  static counter(name: string): Metric {
    return Metric.define(0, name);
  }

  /** A metric that is set. */
  static gauge(name: string): Metric {
    return Metric.define(1, name);
  }

  /** A metric that tells how often values were about so large. */
  static histogram(name: string): Metric {
    return Metric.define(2, name);
  }

  /** Adds to a counter, sets a gauge, or counts a value in a histogram. */
  @inline
  record(value: f64): void {
    host.metricRecord(this.number, value);
  }
}
