// Names of metrics that the next release no longer has. Each is served beside the new one, with the same samples, so that
// queries can be changed before an upgrade or after it.
import type Gauge from 'prom-client/lib/gauge.js';
import type Registry from 'prom-client/lib/registry.js';
import { PREFIX } from './series.ts';

interface Deprecated {
  /** Without the prefix, as the old name is. */
  readonly use: string;
  /** What a value of the new metric was in the old one, where it was something else. */
  readonly value?: (value: number) => number;
}

/** Old name -> new metric. */
const DEPRECATED: Readonly<Record<string, Deprecated>> = {
  probe_seconds: { use: 'probe_duration_seconds' },
  reconcile_seconds: { use: 'reconcile_duration_seconds' },
  discovery_age_seconds: {
    use: 'discovery_last_contact_timestamp_seconds',
    value: timestamp => Math.max(0, Date.now() / 1000 - timestamp),
  },
};

/** All of them, with the prefix. */
export const DEPRECATED_NAMES: readonly string[] = Object.keys(DEPRECATED).map(name => PREFIX + name);

/** After the new ones are registered. */
export function serveDeprecated(registry: Registry): void {
  for (const [name, deprecated] of Object.entries(DEPRECATED)) {
    registry.registerMetric(oldNameOf(registry, PREFIX + name, deprecated));
  }
}

/** A metric is, to a registry, what has a name and gives its samples. */
function oldNameOf(registry: Registry, name: string, { use, value }: Deprecated): Gauge {
  const current = PREFIX + use;
  const metric = registry.getSingleMetric(current);
  if (metric === undefined) throw new Error(`${name}: there is no metric ${current}`);
  const get = async () => {
    const { values, ...about } = await metric.get();
    return {
      ...about,
      name,
      help: `Deprecated: use ${current}.`,
      values: (values as Sample[]).map(sample => ({
        ...sample,
        // That of a histogram has a name of its own.
        metricName: (sample.metricName ?? current).replace(current, name),
        value: value === undefined ? sample.value : value(sample.value),
      })),
    };
  };
  return { name, get } as unknown as Gauge;
}

interface Sample {
  readonly value: number;
  readonly metricName?: string;
}
