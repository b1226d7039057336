// What a kubeconfig says about its current cluster.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { prepareKubeconfig } from '../../../src/lib/discovery/kubeconfig.ts';
import { isProxyError } from '../../../src/lib/errors.ts';
import { readCurrentCluster } from '../../../src/lib/store/kubeconfig.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

function written(cluster: object, context = 'b'): string {
  const directory = tempDir();
  writeFileSync(join(directory, 'ca.crt'), 'PEM');
  const config = {
    'current-context': context,
    contexts: [{ name: 'b', context: { cluster: 'this' } }],
    clusters: [
      { name: 'other', cluster: { server: 'https://other' } },
      { name: 'this', cluster },
    ],
  };
  const path = join(directory, 'kubeconfig');
  writeFileSync(path, JSON.stringify(config));
  return path;
}

test.each([
  ['a CA file beside it', { server: 'https://a', 'certificate-authority': 'ca.crt' }, 'PEM'],
  ['a CA in it', { server: 'https://a', 'certificate-authority-data': 'REFUQQ==' }, 'DATA'],
  [
    'both: what is in it counts, as for kubectl',
    { server: 'https://a', 'certificate-authority': 'ca.crt', 'certificate-authority-data': 'REFUQQ==' },
    'DATA',
  ],
  ['no CA', { server: 'https://a' }, undefined],
  ['a CA file that is not there', { server: 'https://a', 'certificate-authority': 'none' }, undefined],
])('%s', (_, cluster, ca) => {
  expect(readCurrentCluster(written(cluster))).toEqual({ server: 'https://a', ca });
});

test('a current context that is not in there names no cluster', () => {
  expect(readCurrentCluster(written({ server: 'https://a' }, 'none'))).toEqual({
    server: undefined,
    ca: undefined,
  });
});

test('no file', () => {
  expect(readCurrentCluster('/nonexistent/kubeconfig')).toBeUndefined();
});

test('whatever stands in it, in whatever place: an answer, or a refusal of ours', () => {
  const path = join(tempDir(), 'kubeconfig');
  const anything = fc.anything({
    withBigInt: false,
    values: [fc.string(), fc.constant('c'), fc.integer(), fc.boolean()],
  });
  const entry = (key: string) => fc.oneof(anything, fc.record({ name: fc.constant('c'), [key]: anything }));
  const config = fc.oneof(
    anything,
    fc.record({
      'current-context': fc.constantFrom<unknown>('c', 7, null),
      contexts: fc.oneof(
        anything,
        fc.array(entry('context')),
        fc.constant([{ name: 'c', context: { cluster: 'c' } }]),
      ),
      clusters: fc.oneof(anything, fc.array(entry('cluster'))),
      users: anything,
    }),
  );
  fc.assert(
    fc.property(config, value => {
      writeFileSync(path, `${stringify(value)}\n`);
      for (const read of [
        () => readCurrentCluster(path),
        () => prepareKubeconfig(`${stringify(value)}\n`, path),
      ]) {
        try {
          read();
        } catch (error) {
          expect(isProxyError(error), String(error)).toBe(true);
        }
      }
    }),
  );
});
