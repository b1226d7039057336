// What the daemon costs a node: memory and CPU after some minutes of nothing happening, beside an empty Node process of
// the same version in the same guest. Prints, asserts nothing.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bootMachine } from '../test/lab/boot.ts';
import { KUBECONFIG, writeKubeconfig } from '../test/lab/kubeconfig.ts';
import type { Machine } from '../test/lab/machine.ts';
import { Network } from '../test/lab/network.ts';

const VIP = '10.99.0.1:6443';
/** USER_HZ: what /proc/PID/stat counts CPU time in. */
const TICKS_PER_SECOND = 100;

interface Usage {
  readonly rssMiB: number;
  readonly anonymousMiB: number;
  readonly cpuSeconds: number;
}

async function usageOf(machine: Machine, pid: number): Promise<Usage> {
  const status = await machine.readFile(`/proc/${pid}/status`);
  const mib = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024;
  // Fields 14 and 15, utime and stime; the program's name before them may contain spaces.
  const fields = (await machine.readFile(`/proc/${pid}/stat`)).split(') ')[1]?.split(' ') ?? [];
  const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  return { rssMiB: mib('VmRSS'), anonymousMiB: mib('RssAnon'), cpuSeconds };
}

function row(name: string, start: Usage, end: Usage, seconds: number): string {
  const cpu = ((end.cpuSeconds - start.cpuSeconds) / seconds) * 100;
  const cells = [`${end.rssMiB.toFixed(1)} MiB`, `${end.anonymousMiB.toFixed(1)} MiB`, `${cpu.toFixed(2)} %`];
  return [name.padEnd(16), ...cells.map(cell => cell.padStart(12))].join('');
}

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const seconds = Number(values.minutes) * 60;
const machine = await bootMachine();
try {
  const net = await Network.build(machine, { masters: 3 });
  await net.startApiservers();
  const realServers = net.masters.flatMap(({ ipv4 }) => ['--rs', `${ipv4}:6443`]);
  await net.worker.must([machine.binary, 'init', '--no-service', '--vs', VIP, ...realServers]);
  await writeKubeconfig(machine, `https://${VIP}`);
  const daemon = await net.worker.startProxy(['daemon', '--vs', VIP, '--kubeconfig', KUBECONFIG]);
  const empty = await net.worker.spawn([machine.node, '-e', 'setInterval(() => {}, 1e6)']);
  for (const { ipv4 } of net.masters)
    await daemon.waitForLine(line => line.includes(`${ipv4}:6443 is ready`), 30_000);
  const before = [await usageOf(machine, daemon.pid), await usageOf(machine, empty.pid)] as const;
  console.log(`measuring for ${values.minutes} minutes (emulated CPU: compare the rows, not the clock)`);
  await delay(seconds * 1000);
  console.log(`${''.padEnd(16)}${['RSS', 'anonymous', 'CPU'].map(cell => cell.padStart(12)).join('')}`);
  console.log(row('daemon', before[0], await usageOf(machine, daemon.pid), seconds));
  console.log(row('empty Node', before[1], await usageOf(machine, empty.pid), seconds));
} finally {
  await machine.close();
}
