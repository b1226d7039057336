// What the daemon keeps is what boots: written when it changes, again until it is written, whatever the file had before.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Keeper } from '../../../src/lib/daemon/keeper.ts';
import type { ProxySpec } from '../../../src/lib/model/spec.ts';
import { formatPersisted, savePersisted } from '../../../src/lib/store/persisted-set.ts';

const SPEC: ProxySpec = {
  virtualServer: { address: '10.99.0.1', port: 6443 },
  realServers: [{ address: '10.0.0.11', port: 6443 }],
  scheduler: 'sh',
  schedulerFlags: [],
  route: true,
};

let directory: string;
let told: string[];
let keeper: Keeper<ProxySpec>;
const file = () => readFileSync(join(directory, 'ipvsConfig.yaml'), 'utf8');

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  directory = mkdtempSync(join(tmpdir(), 'keeper-'));
  told = [];
  const save = (spec: ProxySpec) => void savePersisted(directory, spec);
  keeper = new Keeper(
    { what: 'persisting the real servers', format: formatPersisted, save },
    { problem: what => told.push(what) },
  );
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

test('another scheduler or another virtual server is kept, too: what the daemon keeps is what boots', () => {
  keeper.keep(SPEC);
  for (const changed of [
    { ...SPEC, scheduler: 'rr' as const },
    { ...SPEC, virtualServer: { address: '10.99.0.2', port: 6443 } },
  ]) {
    keeper.keep(changed);
    expect(file()).toBe(formatPersisted(changed));
  }
});

test('a torn file is written anew, also when its previous copy names the same set', () => {
  writeFileSync(join(directory, 'ipvsConfig.yaml'), 'rs:\n  - 10.0.0');
  writeFileSync(join(directory, 'ipvsConfig.yaml.prev'), formatPersisted(SPEC));
  keeper.keep(SPEC);
  expect(file()).toBe(formatPersisted(SPEC));
});

test('what cannot be written is told once, shown while it lasts, and tried again until it is written', () => {
  // A directory in its place: as a disk that is full or read-only, also for root.
  mkdirSync(join(directory, 'ipvsConfig.yaml'));
  keeper.keep(SPEC);
  expect(keeper.problem).toContain('is a directory');
  vi.advanceTimersByTime(11_000);
  keeper.keep(SPEC);
  expect(told).toEqual(['persisting the real servers']);
  rmSync(join(directory, 'ipvsConfig.yaml'), { recursive: true });
  keeper.keep(SPEC);
  expect(keeper.problem).toContain('is a directory');
  vi.advanceTimersByTime(11_000);
  keeper.keep(SPEC);
  expect(keeper.problem).toBeUndefined();
  expect(file()).toBe(formatPersisted(SPEC));
});
