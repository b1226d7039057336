// How the servers to ask follow from the credentials and the real servers.
import { expect, test } from 'vitest';
import { serversToTry } from '../../../src/lib/discovery/servers.ts';

const access = (url: string) => ({
  server: new URL(url),
  tls: { ca: 'pem' },
  headers: { Authorization: 'Bearer t' },
});

test.each([
  ['https://10.0.0.1', '10.0.0.1', 443, '', 'https://10.0.0.1:443'],
  ['https://[fd00::1]:6443/', 'fd00::1', 6443, '', 'https://[fd00::1]:6443'],
  [
    'https://rancher.example/k8s/c-1/',
    'rancher.example',
    443,
    '/k8s/c-1',
    'https://rancher.example:443/k8s/c-1',
  ],
])('%s', (url, host, port, basePath, label) => {
  const [configured, ...more] = serversToTry(access(url), () => []);
  expect(configured).toMatchObject({ host, port, basePath, label, tls: { ca: 'pem' } });
  expect(more).toEqual([]);
});

test('real servers: the same CA and credentials, no path, and the name that every apiserver has', () => {
  const healthy = [{ address: 'fd00::2', port: 6443 }];
  const [, real] = serversToTry(access('https://rancher.example/k8s/c-1'), () => healthy);
  expect(real).toEqual({
    host: 'fd00::2',
    port: 6443,
    basePath: '',
    tls: { ca: 'pem', servername: 'kubernetes.default.svc' },
    headers: { Authorization: 'Bearer t' },
    label: '[fd00::2]:6443',
  });
});

test('real servers are asked for only after the configured server was tried', () => {
  const servers = serversToTry(access('https://10.0.0.1'), () => {
    throw new Error('asked');
  });
  expect(servers.next().value).toMatchObject({ host: '10.0.0.1' });
  expect(() => servers.next()).toThrow('asked');
});
