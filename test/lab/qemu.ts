// A Machine that is a QEMU guest with Debian's kernel. Emulated (no KVM), and without network cards unless it is a
// worker of a real cluster: all traffic is inside.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AgentMachine } from './agent-machine.ts';
import { bounded, PATIENCE_MS, SLOWNESS } from './bounded.ts';
import { rootImage } from './image.ts';
import type { Machine } from './machine.ts';
import { CACHE, requireProgram } from './paths.ts';
import { payloadDisk, stagePayload } from './payload.ts';
import { ARCHITECTURES, chosenVariant, type Purpose } from './variant.ts';

export interface QemuOptions {
  /** `lab` (default) starts the agent and nothing else; `systemd` boots the whole system, with the agent as a unit. */
  init?: 'lab' | 'systemd';
  /** More for the kernel's command line. */
  parameters?: string;
  /** More files to put beside the binary: name there, path on the host side. */
  files?: Readonly<Record<string, string>>;
  purpose?: Purpose;
  /** A network card, which is eth0 inside: a tap device, and the namespace that it is in. */
  lan?: { readonly netns: string; readonly tap: string; readonly mac: string };
}

// Retpolines only cost here.
const KERNEL = 'panic=-1 quiet root=/dev/nvme0n1 rw rootwait mitigations=off';
const INIT = {
  lab: 'init=/usr/local/sbin/lab-init',
  // Without what takes seconds at each boot and is nobody's subject.
  systemd: 'init=/lib/systemd/systemd systemd.mask=e2scrub_reap.service systemd.mask=systemd-logind.service',
};
const BOOT_TIMEOUT_MS = PATIENCE_MS; // 4 s on an idle machine, systemd 20 s; the rest is for busy ones
const SHUTDOWN_TIMEOUT_MS = PATIENCE_MS; // 5 s on an idle machine

const BOOTS = 3;

export async function bootQemu(options: QemuOptions = {}): Promise<Machine> {
  for (let boot = 1; ; boot += 1) {
    const machine = await bootOnce(options);
    // On a machine that others use as well the kernel's measurement of its time-stamp counter goes wrong now and then:
    // its seconds were six times too short, and so was every time limit inside (seen with 7.3).
    const rate = SLOWNESS === 1 ? 1 : await clockRate(machine);
    if (rate > 0.8 && rate < 1.25) return machine;
    await machine.close();
    if (boot === BOOTS)
      throw new Error(`The guest's clock runs ${rate.toFixed(2)} times as fast as the host's.`);
  }
}

/** The guest's seconds for each of the host's. */
async function clockRate(machine: Machine): Promise<number> {
  const look = async () => {
    const before = performance.now();
    const guest = Number((await machine.readFile('/proc/uptime')).split(' ')[0]) * 1_000;
    return { guest, host: (before + performance.now()) / 2 };
  };
  const first = await look();
  await delay(3_000);
  const second = await look();
  return (second.guest - first.guest) / (second.host - first.host);
}

async function bootOnce({
  init = 'lab',
  parameters = '',
  files = {},
  purpose = 'image',
  lan,
}: QemuOptions = {}): Promise<Machine> {
  const { arch } = chosenVariant();
  const { qemu: emulator, parameters: consoleAndClock } = ARCHITECTURES[arch];
  requireProgram(emulator.program, emulator.package);
  const image = await rootImage(purpose);
  const directory = guestDirectory();
  const payload = join(directory, 'payload.ext4');
  await stagePayload(join(directory, 'payload'), arch, files);
  payloadDisk(join(directory, 'payload'), payload, purpose === 'worker' ? '3G' : '512M');
  const root = init === 'systemd' ? copyOf(image.disk, join(directory, 'root.ext4')) : image.disk;
  // The guest never changes a file that is not its own; nothing of it needs to survive the host.
  const disk = {
    root: `file=${root},cache=unsafe,snapshot=${root === image.disk ? 'on' : 'off'}`,
    data: `file=${payload},cache=unsafe`,
  };

  // Listening before QEMU starts, so that neither side has to poll for the other.
  const server = createServer();
  const path = join(directory, 'agent.sock');
  server.listen(path);
  const argv = [
    ...['--pdeathsig', 'KILL'], // it must not outlive the test run
    ...(lan === undefined ? [] : ['ip', 'netns', 'exec', lan.netns]),
    emulator.program,
    ...['-accel', 'tcg,thread=multi', ...emulator.machine, '-smp', '2', '-m', '2G'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-chardev', `file,id=console,append=on,path=${join(directory, 'console.log')}`],
    ...['-serial', 'chardev:console'],
    ...['-kernel', image.kernel, '-append', `${consoleAndClock} ${KERNEL} ${INIT[init]} ${parameters}`],
    // NVMe and ext4 are built into the kernel: no initramfs. The other disk is of another kind: since 6.12 two of NVMe get
    // their names in either order.
    ...['-drive', `if=none,id=root,format=raw,${disk.root}`, '-device', 'nvme,drive=root,serial=lab'],
    ...['-drive', `if=none,id=data,format=raw,${disk.data}`, '-device', 'virtio-blk-pci,drive=data'],
    ...['-chardev', `socket,id=agent,path=${path}`],
    ...(lan === undefined ? [] : cardOf(lan)),
    ...['-device', 'virtio-serial-pci', '-device', 'virtserialport,chardev=agent,name=lab.agent'],
  ];
  let said = '';
  const start = async (): Promise<Running> => {
    const connected = once(server, 'connection') as Promise<[Socket]>;
    const qemu = spawn('setpriv', argv);
    qemu.stderr.on('data', chunk => {
      said += chunk;
    });
    qemu.on('exit', (code, signal) => {
      said += `QEMU ended: ${signal ?? `exit ${code}`}\n`;
    });
    const ended = once(qemu, 'exit');
    const dead = ended.then(() => Promise.reject(new Error('QEMU ended')));
    dead.catch(() => {}); // an expected end comes later
    const [socket] = await bounded(
      Promise.race([connected, dead]),
      10_000 * SLOWNESS,
      'connection from QEMU',
    );
    return { qemu, ended, dead, socket };
  };
  const consoleLog = () => `${readFileSync(join(directory, 'console.log'), 'utf8')}\n${said}`;
  let running: Running | undefined;
  const close = async () => {
    running?.qemu.kill('SIGKILL'); // nothing in it is worth an orderly end
    server.close();
    await running?.ended;
    rmSync(directory, { recursive: true, force: true });
  };
  // A new QEMU: after a reset inside the old one the guest is several times slower, what was translated is in the way.
  const startAgain = async () => {
    await bounded(Promise.resolve(running?.ended), SHUTDOWN_TIMEOUT_MS, 'end of the guest');
    running = await start();
    return running.socket;
  };
  try {
    running = await start();
    const machine = new AgentMachine(running.socket, running.socket, {
      disposable: true,
      node: '/usr/local/bin/node',
      labDirectory: '/root/lab',
      binary: '/root/bcs-apiserver-proxy',
      consoleLog,
      ...(init === 'systemd' && { startAgain }),
      close,
    });
    await bounded(Promise.race([machine.hello, running.dead]), BOOT_TIMEOUT_MS, 'boot of the guest');
    return machine;
  } catch (error) {
    const log = existsSync(join(directory, 'console.log')) ? consoleLog() : said;
    await close();
    throw new Error(`The guest did not start: ${error}. Its console:\n${log}`);
  }
}

interface Running {
  readonly qemu: ChildProcess;
  readonly ended: Promise<unknown>;
  /** Rejects when QEMU ends. */
  readonly dead: Promise<never>;
  readonly socket: Socket;
}

function cardOf({ tap, mac }: NonNullable<QemuOptions['lan']>): string[] {
  const host = `tap,id=lan,ifname=${tap},script=no,downscript=no`;
  return ['-netdev', host, '-device', `virtio-net-pci,netdev=lan,mac=${mac}`];
}

/** A disk that outlives its guest's QEMU, with the holes of the original. */
function copyOf(disk: string, copy: string): string {
  execFileSync('cp', ['--sparse=always', disk, copy]);
  return copy;
}

/** A directory for one guest; those of test runs that were killed are removed on the way. */
function guestDirectory(): string {
  mkdirSync(CACHE, { recursive: true });
  for (const name of readdirSync(CACHE)) {
    const pid = /^guest-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(CACHE, name), { recursive: true, force: true });
  }
  return mkdtempSync(join(CACHE, `guest-${process.pid}-`));
}
