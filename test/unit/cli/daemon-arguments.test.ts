// What a unit or a container is started with says the same to the daemon as the flags that were given.
import { Parser } from '@oclif/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type DaemonArguments, daemonArguments } from '../../../src/cli/daemon-arguments.ts';
import { daemonFlags } from '../../../src/cli/daemon-flags.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

afterEach(() => vi.unstubAllEnvs());

async function parse(argv: readonly string[]): Promise<Record<string, unknown>> {
  return (await Parser.parse([...argv], { flags: daemonFlags, strict: true })).flags;
}

async function argumentsFor(...argv: string[]): Promise<DaemonArguments> {
  return daemonArguments(await parse(argv));
}

const ALL = [
  ...['--vs', '10.99.0.1:6443', '--rs', '10.0.0.11:6443', '--rs', '10.0.0.12:6443'],
  ...[
    '--scheduler',
    'sh',
    '--scheduler-flags',
    'sh-port',
    '--source-ip',
    '10.0.0.21',
    '--mtu',
    '1400',
    '--no-route',
  ],
  ...['--discovery', 'static', '--kubeconfig', '/etc/a b.conf', '--server', 'https://10.0.0.11:6443'],
  ...['--probe', 'livez', '--probe-path', '/x', '--probe-status', '200', '--probe-status', '401'],
  ...[
    '--probe-interval',
    '3s',
    '--probe-timeout',
    '500ms',
    '--hang-time',
    '6s',
    '--rise',
    '3',
    '--fall',
    '4',
  ],
  ...['--ca-file', '/ca', '--token-file', '/t', '--client-certificate', '/c', '--client-key', '/k'],
  ...['--drain-timeout', '5s', '--remember', '2d', '--listen', 'none', '--log-format', 'json'],
];

describe('flags become arguments', () => {
  test('every one of them, and the arguments mean the same', async () => {
    const given = [...ALL, '--persist-dir', tempDir()];
    const { args, config } = await argumentsFor(...given);
    const again = await parse(args);
    expect(again).toEqual(await parse(given));
    expect(Object.keys(again).sort()).toEqual(
      Object.keys(daemonFlags)
        .filter(name => name !== 'config')
        .sort(),
    );
    expect(daemonArguments(again)).toMatchObject({ args, config });
  });

  test('what was not given is left to the defaults of the daemon', async () => {
    const { args } = await argumentsFor('--vs', '10.99.0.1:6443', '--persist-dir', '/nonexistent');
    expect(args).toEqual(['--vs', '10.99.0.1:6443', '--persist-dir', '/nonexistent']);
  });

  test('values from the environment are fixed in the arguments, lists item by item', async () => {
    vi.stubEnv('BCS_APISERVER_PROXY_VS', '10.99.0.1:6443');
    vi.stubEnv('BCS_APISERVER_PROXY_RS', '10.0.0.11:6443, 10.0.0.12:6443');
    vi.stubEnv('BCS_APISERVER_PROXY_ROUTE', 'false');
    vi.stubEnv('BCS_APISERVER_PROXY_PERSIST_DIR', '/nonexistent');
    expect((await argumentsFor()).args).toEqual([
      ...['--vs', '10.99.0.1:6443', '--rs', '10.0.0.11:6443', '--rs', '10.0.0.12:6443', '--no-route'],
      ...['--persist-dir', '/nonexistent'],
    ]);
  });

  test('what the daemon would refuse is refused here', async () => {
    await expect(argumentsFor('--vs', '10.99.0.1:6443', '--rise', '0')).rejects.toThrow(
      '--rise 0: a whole number from 1 to 10 is expected',
    );
    await expect(argumentsFor('--vs', '10.99.0.1:6443', '--ca-file', 'ca.crt')).rejects.toThrow(
      '--ca-file ca.crt: a service is started in another directory; give an absolute path',
    );
    await expect(argumentsFor('--persist-dir', '/nonexistent')).rejects.toThrow(
      '--vs: the virtual server is missing',
    );
  });
});
