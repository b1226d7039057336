// Kubeconfigs and service accounts: what works, what is picked up when it rotates, and what is refused in which words.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readClusterAccess } from '../../../src/lib/discovery/kubernetes.ts';
import { SLICES } from './apiserver.ts';
import { Harness, slice, until, untilSnapshot, untilWatching } from './harness.ts';

const harness = new Harness();
const base64 = (text: string): string => Buffer.from(text).toString('base64');

beforeEach(() => {
  vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined);
  vi.stubEnv('KUBERNETES_SERVICE_PORT', undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await harness.stopAll();
});
afterAll(() => harness.pki.remove());

async function firstRequest(user: object, cluster: object = {}) {
  const server = await harness.apiserver();
  server.set(SLICES, slice('10.0.0.1'));
  const kubeconfig = harness.kubeconfig(server.port, user, cluster);
  const running = await harness.start(server, { cluster: { kubeconfig } });
  await untilSnapshot(running, '10.0.0.1:6443');
  return server.requests[0];
}

describe('a kubeconfig', () => {
  test('with a client certificate inline', async () => {
    const { cert, key } = harness.pki.client(harness.ca, 'inline');
    const user = { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) };
    expect((await firstRequest(user))?.client).toBe('inline');
  });

  test('with a client certificate in files, relative to the kubeconfig', async () => {
    const { certFile, keyFile } = harness.pki.client(harness.ca, 'files');
    const user = { 'client-certificate': basename(certFile), 'client-key': basename(keyFile) };
    expect((await firstRequest(user))?.client).toBe('files');
  });

  test('with a token, and the CA inline, which wins over a file', async () => {
    const cluster = {
      'certificate-authority-data': base64(harness.ca.cert),
      'certificate-authority': '/nowhere',
    };
    expect((await firstRequest({ token: 'abc' }, cluster))?.authorization).toBe('Bearer abc');
  });

  test('with a token file, relative and with a line break at its end, which wins over a token', async () => {
    harness.pki.file('relative-token', 'from-file\n');
    const request = await firstRequest({ tokenFile: 'relative-token', token: 'old' });
    expect(request?.authorization).toBe('Bearer from-file');
  });

  test('without a user asks as nobody', async () => {
    const server = await harness.apiserver();
    server.set(SLICES, slice('10.0.0.1'));
    const kubeconfig = harness.pki.file(
      'no-user',
      JSON.stringify({
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'k' } }],
        clusters: [
          {
            name: 'k',
            cluster: {
              server: `https://127.0.0.1:${server.port}`,
              'certificate-authority': harness.ca.certFile,
            },
          },
        ],
      }),
    );
    const running = await harness.start(server, { cluster: { kubeconfig } });
    await untilSnapshot(running, '10.0.0.1:6443');
    expect(server.requests[0]?.authorization).toBeUndefined();
  });

  test('without a CA trusts whom the host trusts', async () => {
    const kubeconfig = harness.kubeconfig(6443, undefined, { 'certificate-authority': undefined });
    const { tls } = await readClusterAccess({ kubeconfig });
    expect(tls.ca).toEqual(getCACertificates('system'));
  });

  test('with insecure-skip-tls-verify no credentials leave this host', async () => {
    const stranger = harness.pki.authority();
    const server = await harness.apiserver(harness.pki.server(stranger, 'DNS:elsewhere'));
    server.set(SLICES, slice('10.0.0.1'));
    const cluster = { 'certificate-authority': undefined, 'insecure-skip-tls-verify': true };
    const kubeconfig = harness.kubeconfig(server.port, { token: 'abc' }, cluster);
    await expect(readClusterAccess({ kubeconfig })).rejects.toMatchObject({
      code: 'kubeconfig-insecure',
      message: expect.stringContaining('credentials are sent over verified TLS only'),
    });
  });

  test('with tls-server-name', async () => {
    const server = await harness.apiserver(harness.pki.server(harness.ca, 'DNS:api.example'));
    server.set(SLICES, slice('10.0.0.1'));
    const kubeconfig = harness.kubeconfig(
      server.port,
      { token: 'abc' },
      { 'tls-server-name': 'api.example' },
    );
    await untilSnapshot(await harness.start(server, { cluster: { kubeconfig } }), '10.0.0.1:6443');
  });

  test('as YAML, and --server instead of its server', async () => {
    const kubeconfig = harness.pki.file(
      'config.yaml',
      [
        'apiVersion: v1',
        'kind: Config',
        'current-context: here',
        'contexts:',
        '- {name: here, context: {cluster: c, user: u}}',
        'clusters:',
        `- {name: c, cluster: {server: "https://10.9.9.9:6443", certificate-authority: ${harness.ca.certFile}}}`,
        'users:',
        '- {name: u, user: {token: abc}}',
      ].join('\n'),
    );
    const { server, headers } = await readClusterAccess({ kubeconfig });
    expect([server.href, headers]).toEqual(['https://10.9.9.9:6443/', { Authorization: 'Bearer abc' }]);
    const override = await readClusterAccess({ kubeconfig, server: 'https://[fd00::1]:8443' });
    expect(override.server.host).toBe('[fd00::1]:8443');
  });
});

describe('rotation', () => {
  test('a token file that changes is used from the next request on', async () => {
    const tokenFile = harness.pki.file('rotating', 'first');
    const server = await harness.apiserver();
    server.set(SLICES, slice('10.0.0.1'));
    await harness.start(server, { cluster: { kubeconfig: harness.kubeconfig(server.port, { tokenFile }) } });
    await untilWatching(server);
    writeFileSync(tokenFile, 'second\n');
    server.endWatches();
    await until(() => expect(server.count('watch')).toBe(2));
    expect(server.requests.map(({ authorization }) => authorization)).toEqual([
      'Bearer first',
      'Bearer first',
      'Bearer second',
    ]);
    expect(server.connections).toBe(1);
  });

  test('a client certificate that changes is used on a connection of its own', async () => {
    const first = harness.pki.client(harness.ca, 'first');
    const second = harness.pki.client(harness.ca, 'second');
    const certificate = harness.pki.file('rotating.pem', first.cert + first.key);
    const server = await harness.apiserver();
    server.set(SLICES, slice('10.0.0.1'));
    const user = { 'client-certificate': certificate, 'client-key': certificate };
    await harness.start(server, { cluster: { kubeconfig: harness.kubeconfig(server.port, user) } });
    await untilWatching(server);
    writeFileSync(certificate, second.cert + second.key);
    server.endWatches();
    await until(() => expect(server.count('watch')).toBe(2));
    expect(server.requests.map(({ client }) => client)).toEqual(['first', 'first', 'second']);
  });

  test('credentials that vanish for a while are a problem that passes', async () => {
    const tokenFile = harness.pki.file('vanishing', 'first');
    const server = await harness.apiserver();
    server.set(SLICES, slice('10.0.0.1'));
    const kubeconfig = harness.kubeconfig(server.port, { tokenFile });
    const running = await harness.start(server, { cluster: { kubeconfig } });
    await untilWatching(server);
    writeFileSync(kubeconfig, '{');
    server.endWatches();
    await until(() => expect(running.source.freshness.lastProblem).toMatch(/^credentials: the kubeconfig/));
    copyFileSync(harness.kubeconfig(server.port), kubeconfig);
    server.set(SLICES, slice('10.0.0.2'));
    await untilSnapshot(running, '10.0.0.2:6443');
  });
});

describe('a service account', () => {
  function pod(token: string): string {
    const root = join(harness.pki.directory, `pod-${crypto.randomUUID()}`);
    const directory = join(root, 'var/run/secrets/kubernetes.io/serviceaccount');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'token'), token);
    writeFileSync(join(directory, 'ca.crt'), harness.ca.cert);
    return root;
  }

  test('is used where no kubeconfig is given, with the server from the environment', async () => {
    const server = await harness.apiserver();
    server.set(SLICES, slice('10.0.0.1'));
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '127.0.0.1');
    vi.stubEnv('KUBERNETES_SERVICE_PORT', String(server.port));
    const running = await harness.start(server, { cluster: { root: pod('projected\n') } });
    await untilSnapshot(running, '10.0.0.1:6443');
    expect(server.requests[0]?.authorization).toBe('Bearer projected');
  });

  test('works with --server where the environment names none', async () => {
    const { server } = await readClusterAccess({ root: pod('t'), server: 'https://10.0.0.1:6443' });
    expect(server.href).toBe('https://10.0.0.1:6443/');
  });

  test('is missed in words that help', async () => {
    await expect(readClusterAccess({ root: harness.pki.directory })).rejects.toMatchObject({
      code: 'no-cluster-credentials',
      message: 'no kubeconfig is given, and this is not a pod with a service account',
      suggestions: ['--kubeconfig FILE', '--discovery static, which needs no API'],
    });
  });
});

describe('refused:', () => {
  const refusal = async (user: object, cluster: object = {}) => {
    const kubeconfig = harness.kubeconfig(6443, user, cluster);
    const error = await readClusterAccess({ kubeconfig }).catch(error => error);
    return {
      code: error.code,
      message: error.message.replace(kubeconfig, 'FILE'),
      suggestions: error.suggestions,
    };
  };
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'aws', args: ['eks', 'get-token'] };

  test('an exec plugin', async () => {
    expect(await refusal({ exec })).toEqual({
      code: 'kubeconfig-exec',
      message: 'FILE: user "u" gets its credentials from the program "aws", which is not supported',
      suggestions: [
        'give a kubeconfig with a client certificate, a token or a tokenFile, for example that of a service account',
      ],
    });
  });

  test('an auth-provider', async () => {
    expect(await refusal({ 'auth-provider': { name: 'oidc', config: {} } })).toMatchObject({
      code: 'kubeconfig-auth-provider',
      message: 'FILE: user "u" gets its credentials from the auth-provider "oidc", which is not supported',
    });
  });

  test('a proxy', async () => {
    expect(await refusal({ token: 't' }, { 'proxy-url': 'http://proxy:3128' })).toMatchObject({
      code: 'kubeconfig-proxy',
      message: 'FILE: cluster "k" is reached through the proxy http://proxy:3128, which is not supported',
    });
  });

  test.each(['http://10.0.0.1:8080', '10.0.0.1:6443', 'x'])('the server %s', async server => {
    expect(await refusal({ token: 't' }, { server })).toMatchObject({
      code: 'server-not-https',
      message: `the server "${server}" must be a URL that starts with https://`,
    });
  });

  test('a CA file that is not there', async () => {
    expect(await refusal({ token: 't' }, { 'certificate-authority': '/nowhere/ca.crt' })).toMatchObject({
      code: 'kubeconfig-unusable',
      message: 'the kubeconfig FILE cannot be used: /nowhere/ca.crt: there is no such file',
    });
  });

  test.each(['certificate-authority', 'client-certificate', 'client-key'])(
    'a pipe in the place of %s, which nobody would ever write to',
    async name => {
      const pipe = join(harness.pki.directory, `pipe-${name}`);
      execFileSync('mkfifo', [pipe]);
      const files = { [name]: pipe };
      const answer = await (name === 'certificate-authority'
        ? refusal({ token: 't' }, files)
        : refusal(files));
      expect(answer.message).toMatch(/^the kubeconfig FILE cannot be used: .*pipe-.* is not a regular file/);
    },
  );

  test.each([
    ['7', 'it is not a mapping'],
    ['token: s3cr3t\na: [', 'it is not YAML ('],
    ['token: "s3cr3t', 'it is not YAML ('],
    ['{"clusters":[{"name":"k","cluster":{}}]}', 'clusters[0].cluster.server is missing'],
  ])('the file %s', async (content, words) => {
    const kubeconfig = harness.pki.file('broken', content);
    const error = await readClusterAccess({ kubeconfig }).catch(error => error);
    expect(error.code).toBe('kubeconfig-unusable');
    expect(error.message).toContain(`the kubeconfig ${kubeconfig} cannot be used: `);
    expect(error.message).toContain(words);
    expect(error.message, 'nothing of what is in it').not.toContain('s3cr3t');
  });

  test('a context that names nobody', async () => {
    const kubeconfig = harness.pki.file('no-context', '{"clusters":[],"users":[],"current-context":"x"}');
    await expect(readClusterAccess({ kubeconfig })).rejects.toMatchObject({
      message: `${kubeconfig}: the current context ("x") names no cluster that is in there`,
    });
  });
});
