import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type LoadedDaemonConfig, loadDaemonConfig } from '../../../src/lib/config/load.ts';
import { parseHostPort } from '../../../src/lib/model/address.ts';
import type { ProxySpec } from '../../../src/lib/model/spec.ts';
import { savePersisted } from '../../../src/lib/store/persisted-set.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const VIP = '10.99.0.1:6443';

interface Given {
  flags?: Record<string, unknown>;
  /** The text of the file. */
  file?: string;
  persisted?: Partial<ProxySpec>;
}

function load({ flags = {}, file, persisted }: Given): LoadedDaemonConfig {
  const persistDir = tempDir();
  if (persisted !== undefined)
    savePersisted(persistDir, {
      virtualServer: parseHostPort('10.99.0.9:6443'),
      realServers: [parseHostPort('10.0.0.9:6443')],
      scheduler: 'sh',
      schedulerFlags: [],
      route: true,
      ...persisted,
    });
  const path = join(persistDir, 'config.yaml');
  if (file !== undefined) writeFileSync(path, file);
  return loadDaemonConfig({ flags, persistDir, file: file === undefined ? undefined : path });
}

/** The refusal, with its exit code in front and without the directory of the test. */
function refusal(given: Given): string {
  try {
    load(given);
    return 'accepted';
  } catch (error) {
    const { exitCode, message } = error as Error & { exitCode: number };
    return `${exitCode} ${message.replaceAll(/\S*\/bcs-apiserver-proxy-test-[^/]*/g, 'DIR')}`;
  }
}

describe('defaults', () => {
  test('where only the virtual server is given', () => {
    const { config, notes } = load({ flags: { vs: VIP } });
    expect(config).toEqual({
      spec: {
        virtualServer: { address: '10.99.0.1', port: 6443 },
        realServers: [],
        scheduler: 'sh',
        schedulerFlags: [],
        sourceIp: undefined,
        route: true,
      },
      persisted: undefined,
      discovery: 'endpoints',
      kubeconfig: undefined,
      server: undefined,
      probe: {
        kind: 'readyz',
        path: '/readyz',
        accepted: new Set([200, 401, 403]),
        intervalMs: 10_000,
        timeoutMs: 1000,
        hangTimeMs: 4000,
        rise: 2,
        fall: 2,
        caFile: undefined,
        tokenFile: undefined,
        clientCertificate: undefined,
        clientKey: undefined,
      },
      drainTimeoutMs: 60_000,
      rememberMs: 604_800_000,
      listen: { address: '127.0.0.1', port: 8004 },
      persistDir: expect.stringContaining('bcs-apiserver-proxy-test-'),
      logFormat: 'auto',
    });
    expect(notes).toEqual([]);
    expect([config, config.spec, config.probe].every(Object.isFrozen)).toBe(true);
  });

  test('the path of a probe is that of its kind', () => {
    const path = (flags: Record<string, unknown>) => load({ flags: { vs: VIP, ...flags } }).config.probe.path;
    expect([
      path({ probe: 'livez' }),
      path({ probe: 'livez', 'probe-path': '/x' }),
      path({ probe: 'tcp' }),
    ]).toEqual(['/livez', '/x', '']);
  });

  test('the HTTP server can be off', () => {
    expect(load({ flags: { vs: VIP, listen: 'none' } }).config.listen).toBeUndefined();
  });
});

describe('precedence', () => {
  const file = 'vs: 10.99.0.2:6443\nscheduler: rr\nrise: 3\nlisten: 127.0.0.1:9000\nprobeStatus: [200]\n';

  test('a flag wins over the file, the file over the persisted set, that over the defaults', () => {
    const { config } = load({
      flags: { vs: VIP, rise: '4' },
      file,
      persisted: { scheduler: 'wlc', sourceIp: '10.0.0.21', route: false },
    });
    expect(config).toMatchObject({
      spec: {
        virtualServer: parseHostPort(VIP),
        realServers: [parseHostPort('10.0.0.9:6443')],
        scheduler: 'rr',
        sourceIp: '10.0.0.21',
        route: false,
      },
      probe: { rise: 4, fall: 2, accepted: new Set([200]) },
      listen: { address: '127.0.0.1', port: 9000 },
      persisted: { scheduler: 'wlc' },
    });
  });

  test('the persisted set alone is enough', () => {
    expect(load({ persisted: {} }).config.spec.virtualServer).toEqual(parseHostPort('10.99.0.9:6443'));
  });

  test('flags of a scheduler do not outlive a change of the scheduler', () => {
    const persisted = { scheduler: 'sh', schedulerFlags: ['sh-port'] } as const;
    const flagsWith = (flags: Record<string, unknown>) =>
      load({ flags, persisted }).config.spec.schedulerFlags;
    expect([flagsWith({ scheduler: 'sh' }), flagsWith({ scheduler: 'rr' })]).toEqual([['sh-port'], []]);
  });

  test('the path of a probe does not outlive a change of the probe', () => {
    const { probe } = load({
      flags: { vs: VIP, probe: 'tcp' },
      file: 'probe: livez\nprobePath: /x\n',
    }).config;
    expect([probe.kind, probe.path]).toEqual(['tcp', '']);
  });

  test('the directory of the persisted set can come from the file', () => {
    const directory = tempDir();
    savePersisted(directory, load({ flags: { vs: VIP, rs: ['10.0.0.1:6443'] } }).config.spec);
    const { config } = load({ file: `persistDir: ${directory}\n` });
    expect([config.persistDir, config.spec.virtualServer]).toEqual([directory, parseHostPort(VIP)]);
  });
});

describe('the file', () => {
  test('may be JSON, and empty', () => {
    expect(load({ file: `{"vs": "${VIP}"}` }).config.spec.virtualServer).toEqual(parseHostPort(VIP));
    expect(load({ flags: { vs: VIP }, file: '# nothing yet\n' }).config.discovery).toBe('endpoints');
  });

  test("may be the original program's; what is ignored is noted with the file", () => {
    const { notes } = load({
      flags: { vs: VIP },
      file: '{"proxyLvs": {}, "systemInterval": {"managerInterval": 10}}',
    });
    expect(notes).toEqual([
      expect.stringMatching(
        /config\.yaml: key systemInterval is ignored: the API is watched instead of polled$/,
      ),
    ]);
  });

  test.each([
    [
      'vs: 10.99.0.1:6443\nvs: x\n',
      '64 DIR/config.yaml: it is neither YAML nor JSON (duplicate key at line 2, column 1)',
    ],
    ['{"vs": ', expect.stringMatching(/^64 DIR\/config\.yaml: it is neither YAML nor JSON \(/)],
    ['- vs\n', '64 DIR/config.yaml: the document ["vs"]: a mapping of keys to values is expected'],
    ['rises: 2\n', '64 DIR/config.yaml: key rises: unknown; did you mean rise?'],
    ['fall: two\n', expect.stringContaining('64 DIR/config.yaml: key fall two: a whole number from 1 to 10')],
  ])('%j is refused', (file, message) => {
    expect(refusal({ file })).toEqual(message);
  });

  test('that does not exist is refused', () => {
    expect(() => loadDaemonConfig({ flags: {}, file: '/nowhere/x.yaml', persistDir: tempDir() })).toThrow(
      '--config /nowhere/x.yaml: there is no such file',
    );
  });
});

describe('contradictions are refused with the names that the user wrote', () => {
  test.each<[string, Given, string]>([
    [
      'no virtual server anywhere',
      {},
      '--vs: the virtual server is missing; give --vs VIP:PORT, for example 10.99.0.1:6443, or key vs in the file of -f, or run init first',
    ],
    [
      'a VIP that cannot be one, in the original file',
      { file: '{"proxyLvs": {"virtualAddress": "127.0.0.1:6443"}}' },
      'key proxyLvs.virtualAddress 127.0.0.1:6443: a loopback address cannot be the VIP: packets from 127.0.0.1 or ::1 never leave the host, so every connection would time out; choose an unused private address, for example 10.99.0.1',
    ],
    [
      'real servers of another family',
      { flags: { rs: ['10.0.0.1:6443'] }, file: 'vs: "[fd99::1]:6443"\n' },
      "--rs 10.0.0.1:6443: real servers must be of the VIP's address family ([fd99::1]:6443), the kernel refuses a mix; give the master's address of that family",
    ],
    [
      'persisted real servers of another family',
      { flags: { vs: '[fd99::1]:6443' }, persisted: {} },
      "persisted rs 10.0.0.9:6443: real servers must be of the VIP's address family ([fd99::1]:6443), the kernel refuses a mix; give the master's address of that family",
    ],
    [
      'flags of another scheduler',
      { flags: { vs: VIP, scheduler: 'rr' }, file: 'schedulerFlags: [sh-port]\n' },
      'key schedulerFlags sh-port: the flag belongs to scheduler sh, not to rr; leave it out or use --scheduler sh',
    ],
    [
      'static discovery of nothing',
      { flags: { vs: VIP, discovery: 'static' } },
      '--rs: at least one real server is needed; give --rs HOST:PORT once for each master',
    ],
    [
      'a path for a probe without HTTP',
      { flags: { vs: VIP, probe: 'tcp' }, file: 'probePath: /x\n' },
      'key probePath /x: --probe tcp sends no HTTP request; leave one of the two out',
    ],
    [
      'a certificate without its key',
      { flags: { vs: VIP, 'client-certificate': '/a.crt' } },
      '--client-certificate /a.crt: --client-key is missing; give both or neither',
    ],
    [
      'a key without its certificate',
      { flags: { vs: VIP }, file: 'clientKey: /a.key\n' },
      'key clientKey /a.key: --client-certificate is missing; give both or neither',
    ],
  ])('%s', (_, given, message) => {
    expect(refusal(given)).toBe(`64 ${message}`);
  });
});

describe('a persisted set that cannot be used', () => {
  const torn = (flags: object): LoadedDaemonConfig => {
    const persistDir = tempDir();
    writeFileSync(join(persistDir, 'ipvsConfig.yaml'), 'rs:\n  - 10.0');
    return loadDaemonConfig({ flags: { ...flags }, persistDir });
  };

  test('is a note where it is not needed', () => {
    const { config, notes } = torn({ vs: VIP });
    expect(config.persisted).toBeUndefined();
    expect(notes).toEqual([
      expect.stringMatching(
        /ipvsConfig\.yaml cannot be used: it was cut off: no newline ends its last line$/,
      ),
    ]);
  });

  test('is the error where nothing else names a virtual server', () => {
    expect(() => torn({})).toThrow(expect.objectContaining({ code: 'persisted-unusable' }));
  });
});
