// What a scenario file starts with: one machine for the file, a fresh network for each test, logs when a test fails.
// See docs/lab.md.
import { afterAll, beforeAll, onTestFailed, onTestFinished } from 'vitest';
import { bootMachine } from './boot.ts';
import type { Machine } from './machine.ts';
import { Network, type NetworkOptions } from './network.ts';
import type { QemuOptions } from './qemu.ts';

export interface Lab {
  readonly machine: Machine;
  /** A fresh network, removed when the test ends. One at a time: inside a test only. */
  network(options?: NetworkOptions): Promise<Network>;
  close(): Promise<void>;
}

export async function bootLab(options: QemuOptions = {}): Promise<Lab> {
  const machine = await bootMachine(options);
  return {
    machine,
    network: async networkOptions => {
      logWhenFailed(machine);
      const network = await Network.build(machine, networkOptions);
      onTestFinished(() => network.close());
      return network;
    },
    close: () => machine.close(),
  };
}

/** Boots before the tests of this file and closes after them; the result can be used inside tests. */
export function useLab(options: QemuOptions = {}): Lab {
  let lab: Lab | undefined;
  const booted = (): Lab => {
    if (lab === undefined) throw new Error('The lab is there inside tests only.');
    return lab;
  };
  beforeAll(async () => {
    lab = await bootLab(options);
  });
  afterAll(() => lab?.close());
  return {
    get machine() {
      return booted().machine;
    },
    network: networkOptions => booted().network(networkOptions),
    close: () => booted().close(),
  };
}

/** Prints the console and this test's commands with their answers if the test fails. `lab.network` does it by itself. */
export function logWhenFailed(machine: Machine): void {
  machine.mark('test');
  onTestFailed(() => console.error(machine.log()));
}
