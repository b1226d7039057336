// What starts at boot, as systemd says it (captured from a host that it runs) and as /etc/rc.local has it.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withBlock } from '../../../../src/lib/host/rc-local.ts';
import { daemonUnit, rcLocalService, unitService } from '../../../../src/lib/status/collect/boot.ts';
import { parseUnits, type Units } from '../../../../src/lib/systemd/units.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

const DAEMON = 'bcs-apiserver-proxy-daemon.service';

function captured(name: string, edit: (text: string) => string = text => text): Units {
  return parseUnits(
    edit(readFileSync(join(import.meta.dirname, `../../../golden/systemd/${name}.txt`), 'utf8')),
  );
}

describe('units', () => {
  test('each has its properties', () => {
    expect([...captured('installed').keys()]).toEqual([
      'bcs-apiserver-proxy.service',
      DAEMON,
      'kubelet.service',
      'k3s.service',
    ]);
    expect([...(captured('not-installed').get('kubelet.service') ?? [])]).toEqual([
      ['Id', 'kubelet.service'],
      ['Before', ''],
      ['LoadState', 'not-found'],
      ['ActiveState', 'inactive'],
      ['UnitFileState', ''],
    ]);
  });

  test.each([
    ['not-installed', { kind: 'none', enabled: false, beforeKubelet: undefined, failed: false }],
    ['installed', { kind: 'systemd', enabled: true, beforeKubelet: true, failed: false }],
    ['failed', { kind: 'systemd', enabled: false, beforeKubelet: true, failed: true }],
  ])('%s: the boot service', (name, expected) => {
    expect(unitService(captured(name))).toEqual(expected);
  });

  test('the order counts for every kubelet that this host has, and only for those', () => {
    const unordered = captured('installed', text =>
      text.replaceAll(/(k3s|kubelet)\.service (?=.*\nLoad)/g, ''),
    );
    expect(unitService(unordered).beforeKubelet).toBe(false);
    const withoutKubelet = captured('installed', text =>
      text.replace(/(Id=kubelet.*\n.*\nLoadState=)loaded/, '$1not-found'),
    );
    expect(unitService(withoutKubelet).beforeKubelet).toBeUndefined();
    const withoutK3s = captured('installed', text => text.replace(/ k3s\.service/, ''));
    expect(unitService(withoutK3s).beforeKubelet).toBe(true);
  });

  test.each([
    ['not-installed', undefined],
    ['installed', { name: DAEMON, active: 'inactive', enabled: 'enabled' }],
    ['daemon-runs', { name: DAEMON, active: 'active', enabled: 'enabled' }],
  ])('%s: the daemon', (name, expected) => {
    expect(daemonUnit(captured(name))).toEqual(expected);
  });
});

describe('/etc/rc.local', () => {
  const NONE = { kind: 'none', enabled: false, beforeKubelet: undefined, failed: false };
  const written = (text: string, mode = 0o755): string => {
    const path = join(tempDir(), 'rc.local');
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };
  const { text: ours } = withBlock(undefined, '/root/bcs-apiserver-proxy sync --from persisted');

  test.each([
    ['is not there', () => '/nonexistent/rc.local', NONE],
    ['has lines of others', () => written('#!/bin/sh\ntouch /tmp/x\n'), NONE],
    ['has our block', () => written(ours), { ...NONE, kind: 'rc-local', enabled: true }],
    ['may not be executed', () => written(ours, 0o644), { ...NONE, kind: 'rc-local' }],
  ])('%s', (_, path, value) => {
    expect(rcLocalService(path())).toEqual({ seen: true, value });
  });

  test('with half of our block it is not known', () => {
    const { seen, ...rest } = rcLocalService(written('# BEGIN bcs-apiserver-proxy\n'));
    expect(seen).toBe(false);
    expect(rest).toMatchObject({ why: expect.stringContaining('has only one of the lines') });
  });
});
