// One value of a ConfigMap, asked of whoever may answer, within the time that there is.
import { afterAll, afterEach, expect, test } from 'vitest';
import { readConfigMapValue } from '../../../src/lib/discovery/config-map.ts';
import type { HostPort } from '../../../src/lib/model/address.ts';
import type { FakeApiserver } from './apiserver.ts';
import { Harness } from './harness.ts';

const PATH = '/api/v1/namespaces/kube-system/configmaps/kube-proxy';
const VALUE = { namespace: 'kube-system', name: 'kube-proxy', key: 'config.conf' };
const harness = new Harness();

afterEach(() => harness.stopAll());
afterAll(() => harness.pki.remove());

/** Answers like an apiserver that has this ConfigMap, or in its own way. */
async function serving(status: number, body: string): Promise<FakeApiserver> {
  const server = await harness.apiserver();
  server.intercept = ({ url }, response) => {
    response.writeHead(url.pathname === PATH ? status : 404).end(body);
    return true;
  };
  return server;
}

function ask(
  { port }: { port: number },
  realServers: readonly HostPort[] = [{ address: '127.0.0.1', port }],
  signal = new AbortController().signal,
): Promise<string | undefined> {
  return readConfigMapValue(VALUE, harness.kubeconfig(port, { token: 'abc' }), realServers, signal);
}

const CONFIG_MAP = JSON.stringify({ data: { 'config.conf': 'mode: ipvs\n', other: 'x' } });

test('is read with the credentials of the kubeconfig', async () => {
  const server = await serving(200, CONFIG_MAP);
  expect(await ask(server)).toBe('mode: ipvs\n');
  expect(server.requests.map(({ authorization }) => authorization)).toEqual(['Bearer abc']);
});

test('a real server answers where the one of the kubeconfig does not', async () => {
  const server = await serving(200, CONFIG_MAP);
  const realServers = [{ address: '127.0.0.1', port: server.port }];
  expect(await ask({ port: 1 }, realServers)).toBe('mode: ipvs\n');
});

test.each([
  ['forbidden', 403, '{"kind":"Status","message":"forbidden"}'],
  ['not there', 404, ''],
  ['without that key', 200, '{"data":{"other":"x"}}'],
  ['without data', 200, '{}'],
  ['no JSON', 200, '<html>'],
])('%s: undefined', async (_, status, body) => {
  expect(await ask(await serving(status, body))).toBeUndefined();
});

test('a server that does not answer is left when the time is over', async () => {
  const server = await harness.apiserver();
  const deadline = new AbortController();
  server.intercept = () => {
    deadline.abort();
    return true;
  };
  expect(await ask(server, undefined, deadline.signal)).toBeUndefined();
});

test('a kubeconfig that cannot be used', async () => {
  const signal = new AbortController().signal;
  expect(await readConfigMapValue(VALUE, '/nonexistent', [], signal)).toBeUndefined();
});

test('a server that is no master gets no credentials, whatever the kubeconfig says', async () => {
  const [stranger, master] = [await serving(200, CONFIG_MAP), await serving(200, CONFIG_MAP)];
  expect(await ask(stranger, [{ address: '127.0.0.1', port: master.port }])).toBe('mode: ipvs\n');
  expect(stranger.requests).toEqual([]);
  expect(await ask(stranger, [])).toBeUndefined();
});
