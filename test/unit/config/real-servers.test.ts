// What can be no real server is refused whoever names it: flags, a file, the persisted set, discovery, what is remembered.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadDaemonConfig } from '../../../src/lib/config/load.ts';
import { readSpec } from '../../../src/lib/config/spec.ts';
import { admit } from '../../../src/lib/daemon/admission.ts';
import { isProxyError } from '../../../src/lib/errors.ts';
import { formatHostPort, parseHostPort } from '../../../src/lib/model/address.ts';
import { formatMemory, parseMemory } from '../../../src/lib/store/memory.ts';
import { parsePersisted } from '../../../src/lib/store/persisted-set.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const VS = '10.99.0.1:6443';
const GOOD = '10.0.0.11:6443';
const VIRTUAL_SERVER = parseHostPort(VS);

function withFile(document: object): string[] {
  const persistDir = tempDir();
  const file = join(persistDir, 'config.json');
  writeFileSync(file, JSON.stringify(document));
  return loadDaemonConfig({ flags: {}, file, persistDir }).config.spec.realServers.map(formatHostPort);
}

/** What is taken of a list; those that refuse the whole of it throw. */
const SOURCES: Record<string, (rs: string[]) => string[]> = {
  'the flags of init': rs => readSpec({ vs: VS, rs }).realServers.map(formatHostPort),
  'the flags of the daemon': rs =>
    loadDaemonConfig({ flags: { vs: VS, rs }, persistDir: tempDir() }).config.spec.realServers.map(
      formatHostPort,
    ),
  'a variable, one text': rs => readSpec({ vs: VS, rs: rs.join(',') }).realServers.map(formatHostPort),
  'a file': rs => withFile({ vs: VS, rs }),
  'a file of the original program': rs =>
    withFile({ proxyLvs: { virtualAddress: VS }, realServer: { realServers: rs } }),
  'the persisted set': rs =>
    parsePersisted(`${JSON.stringify({ rs, vs: VS })}\n`).realServers.map(formatHostPort),
  discovery: rs =>
    admit(rs.map(parseHostPort), {
      ...{ virtualServer: VIRTUAL_SERVER, known: [] },
      ...{ isHostAddress: () => false, isListening: () => false },
    }).admitted.map(formatHostPort),
  'what is remembered': rs => {
    const masters = rs.map(text => ({ ...parseHostPort(text), since: 0, kind: 'missing' as const }));
    return parseMemory(formatMemory(VIRTUAL_SERVER, masters), VIRTUAL_SERVER, 'file').map(formatHostPort);
  },
};

describe.each(Object.entries(SOURCES))('%s', (_, take) => {
  test('names a master', () => {
    expect(take([GOOD])).toEqual([GOOD]);
  });

  test.each([
    ['the VIP', '10.99.0.1:443'],
    ['the unspecified address', '0.0.0.0:6443'],
    ['loopback', '127.0.0.1:6443'],
    ['multicast', '224.0.0.1:6443'],
    ['broadcast', '255.255.255.255:6443'],
    ['a link-local address', '169.254.1.1:6443'],
    ['a reserved address', '240.0.0.1:6443'],
    ['the other family', '[fd00::11]:6443'],
  ])('cannot name %s', (_, bad) => {
    let taken: string[] = [];
    try {
      taken = take([GOOD, bad]);
    } catch (error) {
      expect(isProxyError(error) && error.message).toContain(bad);
    }
    expect(taken).not.toContain(bad);
  });
});
