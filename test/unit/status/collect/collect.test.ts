// All facts together, of a kernel in memory, with the machine around it as it is: nothing throws, and everything that
// does not answer ends with the one deadline.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { collectFacts } from '../../../../src/lib/status/collect.ts';
import { memoryKernel } from '../../../helpers/memory-kernel.ts';
import { aSpec } from '../../../helpers/specs.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

const NO_SOCKETS = { traffic: () => [] };

/** Accepts connections and never says a word. */
async function mute(): Promise<{ address: string; port: number }> {
  const sockets: Socket[] = [];
  const server = createServer(socket => sockets.push(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

test('a node that was never set up', async () => {
  const options = { persistDir: tempDir(), virtualServer: undefined, probe: true };
  expect(await collectFacts({ kernel: memoryKernel(), sockets: NO_SOCKETS }, options)).toMatchObject({
    virtualServer: undefined,
    kernel: { seen: true, value: undefined },
    route: undefined,
    conflicts: { isHostAddress: false, onLinkNetwork: undefined },
    persisted: { spec: undefined },
    probes: { seen: false, why: 'no virtual server is known' },
    throughVip: { seen: false, why: 'no virtual server is known' },
    originalTool: [],
  });
});

describe('with a virtual server', () => {
  test('everything hangs: the masters are named, and that they do not answer', async () => {
    const virtualServer = await mute();
    const realServers = [await mute(), await mute()].sort((a, b) => a.port - b.port);
    const kernel = memoryKernel();
    kernel.ipvs?.addService({ ...virtualServer, scheduler: 'rr', flags: 0, timeoutS: 0 });
    for (const one of realServers)
      kernel.ipvs?.addDestination(virtualServer, { ...one, weight: 1, forwarding: 'masquerade' });
    const options = { persistDir: tempDir(), virtualServer, probe: true };
    const { probes, throughVip } = await collectFacts({ kernel, sockets: NO_SOCKETS }, options);
    const dead = { outcome: 'dead', reason: 'etimedout', reached: 'tcp' };
    expect(probes).toMatchObject({ seen: true, value: realServers.map(one => ({ ...one, ...dead })) });
    expect(throughVip).toMatchObject({ seen: true, value: dead });
  });

  test('nobody is asked when that is not asked for', async () => {
    const options = { persistDir: tempDir(), virtualServer: aSpec().virtualServer, probe: false };
    expect(await collectFacts({ kernel: memoryKernel(), sockets: NO_SOCKETS }, options)).toMatchObject({
      probes: { seen: false, why: 'not asked for' },
      throughVip: { seen: false, why: 'not asked for' },
    });
  });
});
