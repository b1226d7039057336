// What a machine's user is told when it has ended: at once, and not after a time limit for each thing that is asked.
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { AgentMachine } from '../../lab/agent-machine.ts';

test('a machine that has ended refuses whatever is asked, and says how it ended', async () => {
  const stream = new PassThrough();
  const machine = new AgentMachine(stream, new PassThrough(), {
    disposable: true,
    node: 'node',
    labDirectory: '/lab',
    binary: '/program',
    consoleLog: () => 'QEMU ended: SIGKILL',
    close: async () => {},
  });
  const running = machine.run(['sleep', '1']);
  stream.end();
  await expect(running).rejects.toThrow('sleep 1: the machine ended');
  await expect(machine.run(['true'])).rejects.toThrow('true: the machine has ended. QEMU ended: SIGKILL');
  await expect(machine.readFile('/etc/hosts')).rejects.toThrow('/etc/hosts: the machine has ended');
});
