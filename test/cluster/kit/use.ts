// What a file of cluster scenarios starts with: one cluster for all of them, whose state goes on from one test to the next.
import { afterAll, beforeAll, beforeEach, onTestFailed } from 'vitest';
import { Cluster, type ClusterOptions } from './cluster.ts';

const START_TIMEOUT_MS = 600_000;

export function useCluster(options: ClusterOptions = {}): () => Cluster {
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    const from = performance.now();
    const tell = (what: string) =>
      console.log(`${((performance.now() - from) / 1000).toFixed(0)} s: ${what}`);
    cluster = await Cluster.start({ tell, ...options });
  }, START_TIMEOUT_MS);
  afterAll(() => cluster?.stop());
  const started = (): Cluster => {
    if (cluster === undefined) throw new Error('the cluster is there inside tests only');
    return cluster;
  };
  beforeEach(({ task }) => {
    started().worker.mark(task.name);
    onTestFailed(() => console.error(started().worker.log()));
  });
  return started;
}
