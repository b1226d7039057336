import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { formatHostPort } from '../../../src/lib/model/address.ts';
import {
  formatPersisted,
  isPersisted,
  loadPersisted,
  parsePersisted,
  savePersisted,
} from '../../../src/lib/store/persisted-set.ts';
import { salvage } from '../../../src/lib/store/salvage.ts';
import { aSpec, validSpec } from '../../helpers/specs.ts';
import { contentsOf, tempDir } from '../../helpers/temp-dir.ts';

/** As viper v1 with yaml.v2 writes it: keys sorted, lists not indented. */
const ORIGINAL = `rs:
- 10.0.0.11:6443
- 10.0.0.12:6443
- 10.0.0.13:6443
scheduler: sh
vs: 10.99.0.1:6443
`;

/** The same from a viper with yaml.v3, which indents lists by four. */
const ORIGINAL_V3 = ORIGINAL.replaceAll('- ', '    - ');

/** What the original takes from a file: three keys, whatever else is there. Its yaml.v2 reads YAML 1.1. */
function asTheOriginalReads(text: string): unknown {
  const { vs, rs, scheduler } = parse(text, { version: '1.1' });
  return { vs, rs, scheduler };
}

describe('the file', () => {
  test('the default set is, to the byte of its values, a file of the original', () => {
    expect(formatPersisted(aSpec())).toBe(ORIGINAL_V3.replaceAll('    - ', '  - '));
  });

  test('what the original does not know stands between, so that vs stays last', () => {
    const all = aSpec({ schedulerFlags: ['sh-port'], sourceIp: '10.0.0.2', route: false });
    expect(formatPersisted(all)).toBe(
      [
        'route: false',
        'rs:',
        '  - 10.0.0.11:6443',
        '  - 10.0.0.12:6443',
        '  - 10.0.0.13:6443',
        'scheduler: sh',
        'schedulerFlags:',
        '  - sh-port',
        'sourceIp: 10.0.0.2',
        'vs: 10.99.0.1:6443',
        '',
      ].join('\n'),
    );
  });

  test('every set survives being written and read', () => {
    fc.assert(
      fc.property(validSpec, spec => void expect(parsePersisted(formatPersisted(spec))).toEqual(spec)),
    );
  });

  test('the original reads from it what it would have written itself', () => {
    fc.assert(
      fc.property(validSpec, spec => {
        expect(asTheOriginalReads(formatPersisted(spec))).toEqual({
          vs: formatHostPort(spec.virtualServer),
          rs: spec.realServers.map(formatHostPort),
          scheduler: spec.scheduler,
        });
      }),
    );
  });
});

describe('files of the original program', () => {
  test.each([
    ['with yaml.v2', ORIGINAL],
    ['with yaml.v3', ORIGINAL_V3],
    ['without a scheduler, which was sh', ORIGINAL.replace('scheduler: sh\n', '')],
    ['edited on Windows', ORIGINAL.replaceAll('\n', '\r\n')],
    [
      'edited: vs first, a comment, quotes',
      `# masters\nvs: "10.99.0.1:6443"\n${ORIGINAL.replace(/vs.*\n/, '')}`,
    ],
    ['with keys that nobody knows', `debug: true\n${ORIGINAL}`],
  ])('%s: read', (_, text) => {
    expect(parsePersisted(text)).toEqual(aSpec());
  });

  test('IPv6 in the quotes that Go puts around a bracket', () => {
    const text = "rs:\n- '[fd00::11]:6443'\nscheduler: rr\nvs: '[fd99::1]:6443'\n";
    expect(parsePersisted(text)).toEqual(
      aSpec({
        virtualServer: { address: 'fd99::1', port: 6443 },
        realServers: [{ address: 'fd00::11', port: 6443 }],
        scheduler: 'rr',
      }),
    );
  });
});

describe('a file that cannot be used: one sentence says why', () => {
  test.each<[string, string, string]>([
    ['empty', '', 'it is empty'],
    ['white space', ' \n\n', 'it is empty'],
    [
      'nulls, as some file systems leave after a power loss',
      '\0'.repeat(64),
      'it was cut off: no newline ends its last line',
    ],
    ['cut off', ORIGINAL.slice(0, -2), 'it was cut off: no newline ends its last line'],
    [
      'cut off between two lines',
      `${ORIGINAL.split('\n').slice(0, 3).join('\n')}\n`,
      'key vs is missing: VIP:PORT is expected',
    ],
    ['no YAML', 'rs: [\n', 'it is not YAML (bad indent at line 2, column 1)'],
    ['a key twice', `${ORIGINAL}vs: 10.99.0.2:6443\n`, 'it is not YAML (duplicate key at line 7, column 1)'],
    ['two documents', `${ORIGINAL}---\n${ORIGINAL}`, 'it is not YAML (multiple docs at line 7, column 1)'],
    ['a list', '- 10.0.0.11:6443\n', 'it holds no mapping with the keys vs, rs and scheduler'],
    ['a text', 'hello\n', 'it holds no mapping with the keys vs, rs and scheduler'],
    ['a comment only', '# nothing\n', 'it holds no mapping with the keys vs, rs and scheduler'],
    ['of another program', 'apiVersion: v1\nkind: Config\n', 'key vs is missing: VIP:PORT is expected'],
    ['vs is a number', 'rs: [10.0.0.11:6443]\nvs: 6443\n', 'key vs 6443: HOST:PORT is expected'],
    [
      'vs has no port',
      'rs: [10.0.0.11:6443]\nvs: 10.99.0.1\n',
      'key vs 10.99.0.1: the port is missing; write VIP:PORT, for example 10.99.0.1:6443',
    ],
    [
      'rs is a text',
      'rs: 10.0.0.11:6443\nvs: 10.99.0.1:6443\n',
      'key rs 10.0.0.11:6443: a list of HOST:PORT is expected',
    ],
    ['rs is empty', 'rs: []\nvs: 10.99.0.1:6443\n', 'key rs []: a list of HOST:PORT is expected'],
    [
      'rs is missing',
      'vs: 10.99.0.1:6443\n',
      'key rs: at least one real server is needed; give key rs HOST:PORT once for each master',
    ],
    [
      'rs has a host name',
      'rs: [master:6443]\nvs: 10.99.0.1:6443\n',
      'key rs master:6443: "master" is not an IP address (host names are not resolved); write HOST:PORT, for example 10.0.0.11:6443',
    ],
    [
      'an unknown scheduler',
      ORIGINAL.replace('sh', 'best'),
      'key scheduler best: one of rr wrr lc wlc lblc lblcr dh sh sed nq mh fo ovf is expected',
    ],
    [
      'an unknown flag',
      `schedulerFlags: [best]\n${ORIGINAL}`,
      'key schedulerFlags best: one of sh-fallback sh-port mh-fallback mh-port is expected',
    ],
    [
      'flags that are no list',
      `schedulerFlags: sh-port\n${ORIGINAL}`,
      'key schedulerFlags sh-port: a list of scheduler flags is expected',
    ],
    [
      'a flag of another scheduler',
      `schedulerFlags: [mh-port]\n${ORIGINAL}`,
      'key schedulerFlags mh-port: the flag belongs to scheduler mh, not to sh; leave it out or use key scheduler mh',
    ],
    [
      'route is not true or false (YAML 1.2 knows no "no")',
      `route: no\n${ORIGINAL}`,
      'key route no: true or false is expected',
    ],
    [
      'the source is no address',
      `sourceIp: eth0\n${ORIGINAL}`,
      'key sourceIp eth0: "eth0" is not an IP address (host names are not resolved); give an address of this host',
    ],
    [
      'the source is of the other family',
      `sourceIp: fd00::2\n${ORIGINAL}`,
      "key sourceIp fd00::2: the source must be of the VIP's address family (10.99.0.1:6443); give an address of this host of that family",
    ],
    [
      'a master twice',
      ORIGINAL.replace('0.12', '0.11'),
      'key rs 10.0.0.11:6443: the real server is given twice; give each master once',
    ],
    [
      'the VIP is a master',
      ORIGINAL.replace('10.99.0.1', '10.0.0.11'),
      'key vs 10.0.0.11:6443: the VIP must not be the address of a real server (key rs 10.0.0.11:6443); choose an unused private address, for example 10.99.0.1',
    ],
  ])('%s', (_, text, why) => {
    expect(() => parsePersisted(text)).toThrow(
      expect.objectContaining({ code: expect.any(String), message: why }),
    );
  });

  test('a directory', () => {
    const directory = tempDir();
    mkdirSync(join(directory, 'ipvsConfig.yaml'));
    expect(() => loadPersisted(directory)).toThrow(
      expect.objectContaining({
        code: 'persisted-unusable',
        message: `${directory}/ipvsConfig.yaml is a directory`,
        suggestions: [`move it away: mv ${directory}/ipvsConfig.yaml ${directory}/ipvsConfig.yaml.broken`],
      }),
    );
  });

  test('a giant, unread', () => {
    const directory = tempDir();
    writeFileSync(join(directory, 'ipvsConfig.yaml'), ORIGINAL);
    truncateSync(join(directory, 'ipvsConfig.yaml'), 2_000_000);
    expect(() => loadPersisted(directory)).toThrow(
      `${directory}/ipvsConfig.yaml cannot be read: it has 2000000 bytes, and at most 1048576 are expected`,
    );
  });

  test('aliases that grow without end', () => {
    const bomb = Array.from({ length: 9 }, (_, i) => `k${i + 1}: &k${i + 1} [${`*k${i},`.repeat(9)}]`);
    expect(() => parsePersisted(['k0: &k0 [a,a,a,a,a,a,a,a,a]', ...bomb, ''].join('\n'))).toThrow(
      'it is not YAML (aliases that cannot be resolved)',
    );
  });

  test('tags that nobody knows cause no warning on standard error', () => {
    const script = `import { parsePersisted } from '${new URL('../../../src/lib/store/persisted-set.ts', import.meta.url).href}';
      try { parsePersisted('vs: !Ref x\\n'); } catch {}`;
    const options = ['--input-type=module-typescript', '--eval', `${script}`];
    // Standard error goes to standard output, to be seen here.
    const seen = execFileSync('sh', ['-c', 'exec "$0" "$@" 2>&1', process.execPath, ...options], {
      encoding: 'utf8',
    });
    expect(seen).toBe('');
  });
});

describe('the previous copy', () => {
  const before = aSpec({ realServers: [{ address: '10.0.0.99', port: 6443 }], sourceIp: '10.0.0.2' });

  /** A directory in which `before` was persisted, and then `after`. */
  function twice(after = aSpec()): { directory: string; path: string } {
    const directory = tempDir();
    savePersisted(directory, before);
    savePersisted(directory, after);
    return { directory, path: join(directory, 'ipvsConfig.yaml') };
  }

  test('is used, and said to be, when the current file cannot be', () => {
    const { directory, path } = twice();
    writeFileSync(path, '');
    expect(loadPersisted(directory)).toEqual({
      spec: before,
      path: `${path}.prev`,
      problem: `${path} cannot be used: it is empty`,
    });
  });

  test('is used when the current file is missing', () => {
    const { directory, path } = twice();
    execFileSync('rm', [path]);
    expect(loadPersisted(directory)).toEqual({
      spec: before,
      path: `${path}.prev`,
      problem: `${path} is missing`,
    });
  });

  test('is used when a directory is in the place of the current file', () => {
    const { directory, path } = twice();
    execFileSync('rm', [path]);
    mkdirSync(path);
    expect(loadPersisted(directory)).toMatchObject({ spec: before, problem: `${path} is a directory` });
  });

  test('cannot help when it is broken as well; the current file is what gets explained', () => {
    const { directory, path } = twice();
    writeFileSync(path, '');
    writeFileSync(`${path}.prev`, 'hello\n');
    expect(() => loadPersisted(directory)).toThrow(`${path} cannot be used: it is empty`);
  });

  test('a file that was cut off after any byte is never taken for a whole one: ours', () => {
    fc.assert(
      fc.property(validSpec, spec => {
        const text = formatPersisted(spec);
        for (let length = 0; length < text.length; length++) {
          expect(() => parsePersisted(text.slice(0, length))).toThrow();
        }
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    ['yaml.v2', ORIGINAL],
    ['yaml.v3', ORIGINAL_V3],
  ])(
    "a file that was cut off after any byte is never taken for a whole one: the original's (%s)",
    (_, text) => {
      const { directory, path } = twice();
      for (let length = 0; length < text.length; length++) {
        writeFileSync(path, text.slice(0, length));
        expect(loadPersisted(directory)?.spec).toEqual(before);
      }
      writeFileSync(path, text);
      expect(loadPersisted(directory)).toEqual({ spec: aSpec(), path });
    },
  );
});

describe('what is whole in a damaged file serves where there is no other, and the rest is told', () => {
  const whole = formatPersisted(aSpec());
  const [first, ...others] = aSpec().realServers;

  /** The only file of a node. */
  function load(text: string): ReturnType<typeof loadPersisted> {
    const directory = tempDir();
    writeFileSync(join(directory, 'ipvsConfig.yaml'), text);
    return loadPersisted(directory);
  }

  test.each([
    [
      'a real server that is none',
      whole.replace('10.0.0.11:6443', '10.0.0.11'),
      { realServers: others },
      'line 2',
    ],
    ['a real server twice', whole.replace('rs:\n', 'rs:\n  - 10.0.0.11:6443\n'), {}, 'line 2'],
    ['a scheduler that nobody knows', whole.replace('scheduler: sh', 'scheduler: shh'), {}, 'scheduler'],
    ['a line that is no YAML', whole.replace('scheduler: sh', 'scheduler: [sh'), {}, 'not YAML'],
    ['a scheduler twice: the last one counts', `scheduler: rr\n${whole}`, {}, 'line 1 is left out'],
    ['no end of the last line', whole.trimEnd(), {}, 'the end of the last line is missing'],
    [
      'a real server cut off in its port',
      `vs: 10.99.0.1:6443\nscheduler: sh\nrs:\n${[...others, first].map(each => `  - ${each && formatHostPort(each)}`).join('\n')}`.slice(
        0,
        -1,
      ),
      { realServers: others },
      'has no end and is left out',
    ],
  ])('%s', (_, text, change, told) => {
    const { scheduler = 'sh', ...rest } = load(text)?.spec ?? {};
    expect({ scheduler, ...rest }).toEqual(aSpec(change));
    expect(load(text)?.problem).toContain(told);
  });

  test.each([
    ['the VIP cut off in its port', whole.trimEnd().slice(0, -1)],
    ['two VIPs', `vs: 10.99.0.9:6443\n${whole}`],
    ['two bad lines', whole.replaceAll('10.0.0.1', 'x')],
    ['nothing', ''],
  ])('%s is not enough', (_, text) => {
    expect(() => load(text)).toThrow('cannot be used');
  });

  test('a file that is far longer than any of ours is not tried without each of its lines', () => {
    let parsed = 0;
    const parse = (): never => {
      parsed++;
      throw new Error('it is not whole');
    };
    expect(salvage(`${'x: y\n'.repeat(300)}vs: 10.99.0.1:6443\n`, parse)).toBeUndefined();
    expect(parsed).toBe(0);
  });

  test('a whole previous copy is better', () => {
    const directory = tempDir();
    savePersisted(directory, aSpec({ realServers: others }));
    savePersisted(directory, aSpec());
    writeFileSync(join(directory, 'ipvsConfig.yaml'), whole.trimEnd());
    expect(loadPersisted(directory)?.spec.realServers).toEqual(others);
  });
});

describe('saving', () => {
  test('writes once, and not again what the file says already', () => {
    const directory = tempDir();
    expect([savePersisted(directory, aSpec()), savePersisted(directory, aSpec())]).toEqual([true, false]);
    expect(contentsOf(directory)).toEqual({ 'ipvsConfig.yaml': formatPersisted(aSpec()) });
  });

  test("leaves a file of the original alone that says the same in the original's words", () => {
    const directory = tempDir();
    const path = join(directory, 'ipvsConfig.yaml');
    writeFileSync(path, ORIGINAL);
    const { ino } = statSync(path);
    expect(isPersisted(directory, aSpec())).toBe(true);
    expect(savePersisted(directory, aSpec())).toBe(false);
    expect(statSync(path).ino).toBe(ino);
  });

  test('keeps the set before it', () => {
    const directory = tempDir();
    const [first, second, third] = [aSpec({ scheduler: 'rr' }), aSpec({ scheduler: 'lc' }), aSpec()];
    for (const spec of [first, second, third]) savePersisted(directory, spec);
    expect(contentsOf(directory)).toEqual({
      'ipvsConfig.yaml': formatPersisted(third),
      'ipvsConfig.yaml.prev': formatPersisted(second),
    });
  });

  test('a broken file does not replace the previous good one', () => {
    const directory = tempDir();
    const path = join(directory, 'ipvsConfig.yaml');
    savePersisted(directory, aSpec({ scheduler: 'rr' }));
    savePersisted(directory, aSpec({ scheduler: 'lc' }));
    writeFileSync(path, 'rs: [');
    savePersisted(directory, aSpec());
    expect(contentsOf(directory)).toEqual({
      'ipvsConfig.yaml': formatPersisted(aSpec()),
      'ipvsConfig.yaml.prev': formatPersisted(aSpec({ scheduler: 'rr' })),
    });
  });

  test('an empty set is never persisted', () => {
    const directory = tempDir();
    expect(() => savePersisted(directory, aSpec({ realServers: [] }))).toThrow(
      'at least one real server is needed',
    );
    expect(contentsOf(directory)).toEqual({});
  });

  test('nothing was ever persisted: nothing is loaded', () => {
    expect(loadPersisted(join(tempDir(), 'missing'))).toBeUndefined();
    expect(isPersisted(tempDir(), aSpec())).toBe(false);
  });
});
