// Masters that left discovery: over a restart, forgotten on purpose, a damaged file.
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Candidates } from '../../../src/lib/daemon/candidates.ts';
import { Memory, type MemoryFile } from '../../../src/lib/daemon/memory.ts';
import type { Evidence } from '../../../src/lib/health/evidence.ts';
import { equalHostPort, formatHostPort, type HostPort } from '../../../src/lib/model/address.ts';
import { MAX_REAL_SERVERS } from '../../../src/lib/model/spec.ts';
import { formatMemory, loadMemory, memoryPath, saveMemory } from '../../../src/lib/store/memory.ts';
import { listener } from '../../../src/lib/telemetry.ts';
import { at, evidence } from '../../helpers/evidence.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

const VIP = { address: '10.99.0.1', port: 6443 };

let directory: string;
let told: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'memory-'));
  told = [];
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

const file = (): MemoryFile => ({
  what: 'remembering masters',
  load: () => loadMemory(directory, VIP),
  format: masters => formatMemory(VIP, masters),
  save: masters => void saveMemory(directory, VIP, masters),
});

/** A daemon's part of it. */
function start(...begin: string[]) {
  const clock = new VirtualClock();
  const hear = new Map<string, (evidence: Evidence) => void>();
  const candidates = new Candidates({
    ...{ clock, intervalMs: 10_000, thresholds: { rise: 2, fall: 2 } },
    ...{ drainTimeoutMs: 60_000, rememberMs: 7 * 86_400_000 },
    startProbe: (target, _next, onEvidence) => {
      hear.set(target.address, onEvidence);
      return { start() {}, stop: () => void hear.delete(target.address), probeSoon() {}, probeAnew() {} };
    },
    telemetry: listener({}),
    onChange() {},
  });
  candidates.begin((begin.length > 0 ? begin : ['m1', 'm2']).map(at));
  const memory = new Memory(file(), candidates, { problem: (_, error) => told.push(String(error)) });
  memory.begin();
  const says = (name: string, ...letters: string[]): void => {
    for (const letter of letters) hear.get(at(name).address)?.(evidence(letter, clock.now()));
  };
  const pass = (inKernel: (one: HostPort) => boolean = () => false): void => {
    memory.follow();
    candidates.forgetUnless(inKernel);
  };
  return { candidates, clock, says, pass, asked: () => [...hear.keys()] };
}

const names = (all: readonly { address: string; port: number }[]): string[] => all.map(formatHostPort);

test('one that left while it was dead is in the file, is asked on, and is known again by the next daemon', () => {
  const first = start();
  first.says('m1', '+', '+', 'r');
  first.says('m2', '+', '+');
  first.clock.run(first.clock.now() + 15_000);
  first.candidates.setDiscovered([at('m2')]);
  first.pass();
  expect(names(loadMemory(directory, VIP))).toEqual(['10.0.0.1:6443']);
  expect(names(first.candidates.bootable())).toEqual(['10.0.0.2:6443']);
  const next = start('m2');
  next.candidates.setDiscovered([at('m2')]);
  next.pass();
  expect([next.asked().sort(), names(next.candidates.remembered())]).toEqual([
    ['10.0.0.1', '10.0.0.2'],
    ['10.0.0.1:6443'],
  ]);
});

test('one that discovery names again is no longer missing', () => {
  const { candidates, clock, says, pass } = start();
  says('m1', 'r');
  clock.run(clock.now() + 15_000);
  candidates.setDiscovered([at('m2')]);
  pass();
  candidates.setDiscovered([at('m1'), at('m2')]);
  pass();
  expect([candidates.remembered(), loadMemory(directory, VIP)]).toEqual([[], []]);
  expect(names(candidates.discovered())).toEqual(['10.0.0.1:6443', '10.0.0.2:6443']);
});

test('one that is withdrawn while it lives boots for its drain time and is forgotten behind it', () => {
  const { candidates, clock, says, pass, asked } = start();
  says('m1', '+', '+');
  says('m2', '+', '+');
  candidates.setDiscovered([at('m2')]);
  pass();
  expect(names(candidates.bootable())).toEqual(['10.0.0.1:6443', '10.0.0.2:6443']);
  expect(loadMemory(directory, VIP)).toMatchObject([{ ...at('m1'), kind: 'withdrawn' }]);
  clock.run(clock.now() + 61_000);
  pass();
  expect([names(candidates.bootable()), asked()]).toEqual([['10.0.0.2:6443'], ['10.0.0.2']]);
  expect(loadMemory(directory, VIP)).toEqual([]);
});

test.each([false, true])(
  'one that was withdrawn is waited for when nobody is left; a new process: %j',
  anew => {
    const first = start();
    first.says('m1', '+', '+');
    first.candidates.setDiscovered([at('m2')]);
    first.pass();
    const { candidates, clock, pass, asked } = anew ? start('m2') : first;
    candidates.setHeld(true);
    pass();
    expect(loadMemory(directory, VIP)).toMatchObject([{ ...at('m1'), kind: 'missing' }]);
    clock.run(clock.now() + 86_400_000);
    pass();
    expect(asked().sort()).toEqual(['10.0.0.1', '10.0.0.2']);
    candidates.setHeld(false);
    candidates.setDiscovered([at('m1'), at('m2')]);
    pass();
    expect(loadMemory(directory, VIP)).toEqual([]);
  },
);

test('one that was withdrawn longer ago than its drain time is not waited for when nobody is left', () => {
  const { candidates, clock, pass, says } = start();
  says('m1', '+', '+');
  candidates.setDiscovered([at('m2')]);
  clock.run(clock.now() + 61_000);
  says('m1', 'r');
  candidates.setHeld(true);
  pass();
  expect(loadMemory(directory, VIP)).toEqual([]);
});

test('what an older version wrote has no list of those that were withdrawn', () => {
  const entry = '{"address": "10.0.0.1:6443", "since": "2026-01-02T03:04:05.000Z"}';
  writeFileSync(memoryPath(directory), `{"version": 1, "vs": "10.99.0.1:6443", "missing": [${entry}]}`);
  expect(loadMemory(directory, VIP)).toEqual([
    { ...at('m1'), since: Date.parse('2026-01-02T03:04:05Z'), kind: 'missing' },
  ]);
});

test('one that somebody takes out of the file is forgotten at once, and does not come back', () => {
  const { candidates, clock, says, pass, asked } = start();
  says('m1', 'r');
  clock.run(clock.now() + 15_000);
  candidates.setDiscovered([at('m2')]);
  pass();
  saveMemory(directory, VIP, []);
  pass();
  pass();
  expect([asked(), loadMemory(directory, VIP)]).toEqual([['10.0.0.2'], []]);
});

test('a damaged file is told once, forgets nobody, and is written anew', () => {
  const { candidates, clock, says, pass } = start();
  says('m1', 'r');
  clock.run(clock.now() + 15_000);
  candidates.setDiscovered([at('m2')]);
  pass();
  writeFileSync(memoryPath(directory), '{"version": 1, "vs": "10.99.0.1:6443", "missing": [{"addr');
  pass();
  pass();
  expect(told).toHaveLength(1);
  expect(readFileSync(memoryPath(directory), 'utf8')).toContain('10.0.0.1:6443');
});

test('what is of another virtual server, too old, or can be no real server is not asked', () => {
  saveMemory(directory, { address: '10.99.0.2', port: 6443 }, [
    { ...at('m3'), since: Date.now(), kind: 'missing' },
  ]);
  expect(start().asked().sort()).toEqual(['10.0.0.1', '10.0.0.2']);
  const old = { ...at('m3'), since: Date.now() - 8 * 86_400_000, kind: 'missing' } as const;
  saveMemory(directory, VIP, [old, { ...VIP, since: Date.now(), kind: 'missing' }]);
  expect(start().asked().sort()).toEqual(['10.0.0.1', '10.0.0.2']);
});

test('one that was withdrawn and serves alone is in the file for as long as it does', () => {
  const { candidates, clock, says, pass } = start();
  const serves = (one: HostPort): boolean => equalHostPort(one, at('m1'));
  says('m1', '+', '+');
  candidates.setDiscovered([at('m2')]);
  says('m2', 'r');
  clock.run(clock.now() + 86_400_000);
  pass(serves);
  pass(serves);
  expect(loadMemory(directory, VIP)).toMatchObject([{ ...at('m1'), kind: 'withdrawn' }]);
  expect(start('m2').asked().sort()).toEqual(['10.0.0.1', '10.0.0.2']);
  says('m2', '+', '+');
  pass(serves);
  expect(loadMemory(directory, VIP)).toEqual([]);
});

test('a file that cannot be read when the daemon begins is not written over when it can', () => {
  mkdirSync(memoryPath(directory));
  const { pass, asked } = start();
  rmdirSync(memoryPath(directory));
  saveMemory(directory, VIP, [{ ...at('m3'), since: Date.now(), kind: 'missing' }]);
  pass();
  pass();
  expect(asked()).toContain('10.0.0.3');
  expect(names(loadMemory(directory, VIP))).toEqual(['10.0.0.3:6443']);
});

test('a clock that is set forgets nobody, and keeps nobody for longer', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('1970-01-01T00:01:00Z') });
  const { candidates, clock, says, pass, asked } = start();
  says('m1', 'r');
  clock.run(clock.now() + 15_000);
  candidates.setDiscovered([at('m2')]);
  vi.setSystemTime('2026-01-02T03:04:05Z');
  pass();
  expect(asked().sort()).toEqual(['10.0.0.1', '10.0.0.2']);
  expect(start('m2').asked().sort(), 'nor does the next daemon').toEqual(['10.0.0.1', '10.0.0.2']);
  clock.run(clock.now() + 8 * 86_400_000);
  pass();
  expect(asked()).toEqual(['10.0.0.2']);
});

test('one that left in the future, by a clock that was wrong, left now', () => {
  const inAYear = Date.now() + 365 * 86_400_000;
  saveMemory(directory, VIP, [{ ...at('m3'), since: inAYear, kind: 'missing' }]);
  const { clock, pass, asked } = start();
  pass();
  expect(loadMemory(directory, VIP)[0]?.since).toBeLessThan(inAYear);
  clock.run(clock.now() + 8 * 86_400_000);
  pass();
  expect(asked().sort()).toEqual(['10.0.0.1', '10.0.0.2']);
});

test('discovery that names somebody else each time leaves no more behind than can serve; who was seen well stays', () => {
  const { candidates, clock, says, pass, asked } = start();
  says('m1', '+', '+', 'r');
  for (let n = 100; n < 200; n += 1) {
    clock.run(clock.now() + 15_000);
    candidates.setDiscovered([at('m2'), at(`m${n}`)]);
    says(`m${n}`, 'h', 'h');
    pass();
  }
  expect(asked().length).toBeLessThanOrEqual(2 + MAX_REAL_SERVERS);
  expect(asked()).toContain('10.0.0.1');
  expect(names(candidates.remembered())).toContain('10.0.0.1:6443');
});
