// The role against discovery at work: an API server that authorises as Kubernetes does would refuse none of its requests,
// and there is nothing in the role that they do not need.
import { afterAll, afterEach, expect, test } from 'vitest';
import type { V1PolicyRule, V1Role } from '../../../src/lib/manifests/kubernetes.ts';
import { manifests } from '../../../src/lib/manifests/manifests.ts';
import { ENDPOINTS, NODES, type Request, SLICES } from '../discovery/apiserver.ts';
import { endpoints, Harness, node, slice, until, untilWatching } from '../discovery/harness.ts';

const harness = new Harness();
afterEach(() => harness.stopAll());
afterAll(() => harness.pki.remove());

interface Granted extends V1PolicyRule {
  /** Undefined = the whole cluster. */
  readonly namespace: string | undefined;
}

function granted(discovery: 'endpoints' | 'nodes'): Granted[] {
  const options = {
    args: [],
    image: 'x',
    namespace: 'kube-system',
    persistDir: '/root/.bcs',
    listen: undefined,
  };
  const roles = manifests({ ...options, discovery }) as V1Role[];
  return roles.flatMap(({ metadata, rules = [] }) =>
    rules.map(rule => ({ ...rule, namespace: metadata?.namespace })),
  );
}

/** As the API server's authoriser: the name of a list or a watch is that of its field selector. */
function allows(rule: Granted, { kind, url }: Request): boolean {
  const [, group = '', namespace, resource = ''] =
    /^\/api(?:s\/([^/]+))?\/v1(?:\/namespaces\/([^/]+))?\/(\w+)$/.exec(url.pathname) ?? [];
  const name = /^metadata\.name=(.+)$/.exec(url.searchParams.get('fieldSelector') ?? '')?.[1];
  const { apiGroups = [], resources = [], resourceNames = [], verbs } = rule;
  return (
    (rule.namespace === undefined || rule.namespace === namespace) &&
    apiGroups.includes(group) &&
    resources.includes(resource) &&
    verbs.includes(kind) &&
    (resourceNames.length === 0 || (name !== undefined && resourceNames.includes(name)))
  );
}

function expectExactly(rules: readonly Granted[], requests: readonly Request[]): void {
  const refused = requests.filter(request => !rules.some(rule => allows(rule, request)));
  expect(refused.map(({ kind, url }) => `${kind} ${url.pathname}${url.search}`)).toEqual([]);
  expect(rules.filter(rule => !requests.some(request => allows(rule, request)))).toEqual([]);
}

test('endpoints, with EndpointSlices and where there are none', async () => {
  const server = await harness.apiserver();
  server.set(SLICES, slice('10.0.0.1'));
  await harness.start(server);
  await untilWatching(server);
  const old = await harness.apiserver();
  old.known = [ENDPOINTS];
  old.set(ENDPOINTS, endpoints('10.0.0.1'));
  await harness.start(old);
  await untilWatching(old);
  const requests = [...server.requests, ...old.requests];
  expect(new Set(requests.map(({ kind }) => kind))).toEqual(new Set(['list', 'watch']));
  expectExactly(granted('endpoints'), requests);
});

test('nodes', async () => {
  const server = await harness.apiserver();
  server.set(NODES, node('m1', '10.0.0.1', 'control-plane'));
  await harness.start(server, { discovery: 'nodes' });
  await untilWatching(server, 2);
  await until(() => expect(server.count('watch')).toBe(2));
  expectExactly(granted('nodes'), server.requests);
});

test('the authoriser of this test refuses what it should', () => {
  const [slices] = granted('endpoints');
  if (slices === undefined) throw new Error('there is no rule');
  const request = (path: string): Request => ({
    kind: 'list',
    url: new URL(path, 'https://apiserver'),
    authorization: undefined,
    client: undefined,
  });
  const endpointsRule = granted('endpoints').find(({ resources }) => resources?.includes('endpoints'));
  if (endpointsRule === undefined) throw new Error('there is no rule for endpoints');
  const named = '?fieldSelector=metadata.name%3Dkubernetes';
  expect(allows(endpointsRule, request(`${ENDPOINTS}${named}`))).toBe(true);
  expect(allows(endpointsRule, request(ENDPOINTS))).toBe(false);
  expect(allows(slices, request(SLICES))).toBe(true);
  expect(allows(slices, request(`${SLICES.replace('default', 'kube-system')}${named}`))).toBe(false);
  expect(allows(slices, request(`${ENDPOINTS}${named}`))).toBe(false);
});
