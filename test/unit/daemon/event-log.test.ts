import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EventLog } from '../../../src/lib/daemon/event-log.ts';
import { messageOf } from '../../../src/lib/errors.ts';
import { loadState, rememberSysctls } from '../../../src/lib/store/state-file.ts';
import { contentsOf, tempDir } from '../../helpers/temp-dir.ts';

const A = { address: '10.0.0.11', port: 6443 };
const B = { address: 'fd00::12', port: 6443 };
const died = { realServer: A, from: 'ready', to: 'dead', reason: 'econnrefused' } as const;

let problems: string[];

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-01-02T03:04:05Z') });
  problems = [];
});
afterEach(() => vi.useRealTimers());

function eventLog(directory: string): EventLog {
  return new EventLog(directory, (what, error) => problems.push(`${what}: ${messageOf(error)}`));
}

function inode(directory: string): number {
  return statSync(join(directory, 'state.json')).ino;
}

describe('transitions', () => {
  test('held by a daemon that did not live to see the end: the next one ends it', () => {
    const directory = tempDir();
    const first = eventLog(directory);
    first.telemetry.held(true);
    first.flush();
    const next = eventLog(directory);
    next.flush();
    expect(loadState(directory).events?.map(({ to }) => to)).toEqual(['held', 'serving']);
  });

  test('a repair is kept, one a minute', () => {
    const log = eventLog(tempDir());
    const repaired = () => log.telemetry.repaired({ kind: 'remove-route', vip: '10.99.0.1' });
    repaired();
    repaired();
    expect(log.events.map(({ to, why }) => `${to}: ${why}`)).toEqual([
      'repaired: remove local route 10.99.0.1',
    ]);
    vi.advanceTimersByTime(61_000);
    repaired();
    expect(log.events).toHaveLength(2);
  });

  test('are kept with time, object, from, to and why', () => {
    const directory = tempDir();
    const log = eventLog(directory);
    log.telemetry.discovered([A], [B]);
    log.telemetry.changed(died);
    log.telemetry.held(true);
    log.telemetry.held(false);
    log.telemetry.forgotten(B);
    log.flush();
    const time = '2026-01-02T03:04:05.000Z';
    expect(loadState(directory).events).toEqual([
      { time, object: 'real server 10.0.0.11:6443', from: 'absent', to: 'named', why: 'discovery names it' },
      {
        time,
        object: 'real server [fd00::12]:6443',
        from: 'named',
        to: 'left',
        why: 'discovery no longer names it',
      },
      { time, object: 'real server 10.0.0.11:6443', from: 'ready', to: 'dead', why: 'econnrefused' },
      { time, object: 'virtual server', from: 'serving', to: 'held', why: 'every real server looks dead' },
      { time, object: 'virtual server', from: 'held', to: 'serving', why: 'a real server answers again' },
      {
        time,
        object: 'real server [fd00::12]:6443',
        from: 'left',
        to: 'gone',
        why: 'neither discovery nor the kernel has it',
      },
    ]);
  });

  test('of the daemon before are kept, and the oldest beyond a hundred are not', () => {
    const directory = tempDir();
    const first = eventLog(directory);
    first.telemetry.forgotten(B);
    first.flush();
    const second = eventLog(directory);
    for (let count = 0; count < 99; count += 1) second.telemetry.changed(died);
    expect([second.events.length, second.events[0]?.to]).toEqual([100, 'gone']);
    second.telemetry.changed(died);
    second.flush();
    const events = loadState(directory).events ?? [];
    expect([events.length, events[0]?.to]).toEqual([100, 'dead']);
  });
});

describe('writing', () => {
  test('does not happen while nothing changes', () => {
    const directory = tempDir();
    const log = eventLog(directory);
    log.telemetry.probed(A, { kind: 'ready', latencyMs: 1 });
    log.telemetry.passFinished(0.1, true);
    log.telemetry.connectionsReset(3);
    vi.advanceTimersByTime(60_000);
    log.flush();
    expect(contentsOf(directory)).toEqual({});
  });

  test('happens once for a burst, a second after it began', () => {
    const directory = tempDir();
    const log = eventLog(directory);
    log.telemetry.changed(died);
    vi.advanceTimersByTime(999);
    log.telemetry.changed(died);
    expect(contentsOf(directory)).toEqual({});
    vi.advanceTimersByTime(1);
    expect(loadState(directory).events).toHaveLength(2);
    const written = inode(directory);
    vi.advanceTimersByTime(60_000);
    log.flush();
    expect(inode(directory)).toBe(written);
  });

  test('leaves what else the file holds as it is by then', () => {
    const directory = tempDir();
    const log = eventLog(directory);
    log.telemetry.changed(died);
    rememberSysctls(directory, { 'net.ipv4.vs.conntrack': '0' });
    log.flush();
    rememberSysctls(directory, { 'net.ipv4.vs.expire_nodest_conn': '0' });
    expect(loadState(directory)).toEqual({
      sysctlsBefore: { 'net.ipv4.vs.conntrack': '0', 'net.ipv4.vs.expire_nodest_conn': '0' },
      events: [expect.objectContaining({ to: 'dead' })],
    });
  });

  test('that fails is told once, and made up for', () => {
    const directory = tempDir();
    const path = join(directory, 'state.json');
    const log = eventLog(directory);
    mkdirSync(path);
    for (let count = 0; count < 3; count += 1) {
      log.telemetry.changed(died);
      log.flush();
    }
    expect(problems).toEqual([`writing events, ${path}: ${path} is a directory`]);
    rmSync(path, { recursive: true });
    log.telemetry.held(true);
    log.flush();
    expect(loadState(directory).events).toHaveLength(4);
  });

  test('that fails is tried again without another event', () => {
    const directory = tempDir();
    const log = eventLog(directory);
    mkdirSync(join(directory, 'state.json'));
    log.telemetry.changed(died);
    vi.advanceTimersByTime(1000);
    rmSync(join(directory, 'state.json'), { recursive: true });
    vi.advanceTimersByTime(30_000);
    expect(loadState(directory).events).toHaveLength(1);
  });
});

describe('a file', () => {
  test('that is damaged is told, put aside and begun anew', () => {
    const directory = tempDir();
    const path = join(directory, 'state.json');
    writeFileSync(path, '{"version":1,');
    const log = eventLog(directory);
    log.telemetry.changed(died);
    log.flush();
    expect(problems).toEqual([
      expect.stringMatching(/^reading events, .*state\.json: .*state\.json cannot be used: /),
    ]);
    expect(contentsOf(directory)).toMatchObject({ 'state.json.broken': '{"version":1,' });
    expect(loadState(directory).events).toHaveLength(1);
    rememberSysctls(directory, { 'net.ipv4.vs.conntrack': '0' });
    expect(loadState(directory).sysctlsBefore).toEqual({ 'net.ipv4.vs.conntrack': '0' });
  });

  test.each([
    ['none', ''],
    ['no list', ',"events":{}'],
    ['parts of some', ',"events":[null,1,{"time":"","object":"","from":"","to":""}]'],
  ])('with events that are %s is readable', (_, events) => {
    const directory = tempDir();
    writeFileSync(join(directory, 'state.json'), `{"version":1,"sysctlsBefore":{}${events}}`);
    expect(loadState(directory)).toEqual({ sysctlsBefore: {} });
  });
});
