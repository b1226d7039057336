// The flags of `daemon` as oclif parses them, and as the configuration reads them.
import { Parser } from '@oclif/core';
import { afterEach, expect, test, vi } from 'vitest';
import { environmentName } from '../../../src/base-command.ts';
import { daemonFlags } from '../../../src/cli/daemon-flags.ts';
import { flagName, KEYS, readFlags } from '../../../src/lib/config/settings.ts';

afterEach(() => vi.unstubAllEnvs());

async function parse(...argv: string[]): Promise<Record<string, unknown>> {
  return (await Parser.parse(argv, { flags: daemonFlags, strict: true })).flags;
}

test('every setting has its flag, every flag its setting, and each its variable', () => {
  const { config, ...settings } = daemonFlags;
  expect(Object.keys(settings).sort()).toEqual(KEYS.map(flagName).sort());
  for (const [name, flag] of Object.entries(daemonFlags)) expect(flag.env).toBe(environmentName(name));
});

test('no flag has a default, so that the file can provide every value', async () => {
  expect(await parse()).toEqual({});
});

test('a variable stands for a flag, and the flag wins', async () => {
  vi.stubEnv('BCS_APISERVER_PROXY_RISE', '3');
  vi.stubEnv('BCS_APISERVER_PROXY_FALL', '3');
  vi.stubEnv('BCS_APISERVER_PROXY_ROUTE', 'false');
  vi.stubEnv('BCS_APISERVER_PROXY_RS', '10.0.0.1:6443,10.0.0.2:6443');
  vi.stubEnv('BCS_APISERVER_PROXY_KUBECONFIG', '');
  expect(readFlags(await parse('--fall', '4', '--probe-status', '200,401', '--probe-status', '403'))).toEqual(
    {
      rise: 3,
      fall: 4,
      route: false,
      rs: [
        { address: '10.0.0.1', port: 6443 },
        { address: '10.0.0.2', port: 6443 },
      ],
      probeStatus: [200, 401, 403],
    },
  );
});

test('-f names the file', async () => {
  expect(await parse('-f', '/etc/proxy.yaml')).toEqual({ config: '/etc/proxy.yaml' });
});
