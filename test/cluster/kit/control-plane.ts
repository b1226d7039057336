// etcd and masters with real apiservers, controller managers and schedulers, on this machine. Their certificates, flags and
// kubeconfigs are those that kubeadm makes.
//
// One etcd for all, on a host of its own: what masters do when they die one after the other is to be seen, and of three
// members of etcd the second that dies would take the API with it.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { eventually } from '../../lab/bounded.ts';
import { ETCD, masterAddress } from './addresses.ts';
import { type Asked, askedIn, auditFlags } from './audit.ts';
import type { Binaries, Program } from './binaries.ts';
import { limitCpu } from './cpu.ts';
import { kubeadmConfig } from './kubeadm-config.ts';
import { changeAddress, setCable } from './lan.ts';
import { HostDirectory, type Running } from './processes.ts';

const SHARED = ['ca', 'front-proxy-ca', 'sa'];
const CONTROL_PLANE: readonly Program[] = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
const READY_TIMEOUT_MS = 120_000;

export class ControlMaster {
  readonly number: number;
  #address: string;
  readonly #host: HostDirectory;
  readonly #binaries: Binaries;
  readonly #running = new Map<Program, Running>();
  #isFaulty = false;
  #isEnding = false;

  constructor(number: number, directory: string, binaries: Binaries) {
    this.number = number;
    this.#address = masterAddress(number);
    this.#binaries = binaries;
    this.#host = new HostDirectory(`m${number}`, directory);
  }

  get address(): string {
    return this.#address;
  }

  get kubernetes(): string {
    return this.#host.kubernetes;
  }

  get apiserver(): Running {
    const running = this.#running.get('kube-apiserver');
    if (running === undefined) throw new Error(`master ${this.number} was not started`);
    return running;
  }

  /** What a master has before anything runs there; certificate authorities are those of `first`. */
  prepare(first: ControlMaster): void {
    const pki = join(this.kubernetes, 'pki');
    mkdirSync(pki, { recursive: true });
    if (first !== this)
      for (const name of readdirSync(join(first.kubernetes, 'pki')))
        if (SHARED.includes(name.replace(/\.[a-z]+$/, '')))
          copyFileSync(join(first.kubernetes, 'pki', name), join(pki, name));
    this.#makeFiles();
  }

  /** Certificates, kubeconfigs and manifests, those that are missing. */
  #makeFiles(): void {
    const config = kubeadmConfig(this.#binaries.version, this.number, this.#address);
    writeFileSync(join(this.kubernetes, 'kubeadm.yaml'), config);
    this.kubeadm('certs', 'all');
    for (const name of ['admin', 'controller-manager', 'scheduler']) this.kubeadm('kubeconfig', name);
    if (this.#isFrom(29)) this.kubeadm('kubeconfig', 'super-admin');
    this.kubeadm('control-plane', 'all');
  }

  /** A phase of `kubeadm init`. */
  kubeadm(...phase: string[]): void {
    const config = ['--config', '/etc/kubernetes/kubeadm.yaml'];
    this.#host.run([this.#binaries.pathOf('kubeadm'), 'init', 'phase', ...phase, ...config]);
  }

  /** A kubeconfig of the administrator, towards the VIP. */
  adminConfig(): string {
    return readFileSync(join(this.kubernetes, this.#adminFile), 'utf8');
  }

  /** As the cluster's administrator, towards the apiserver of this master. Returns its stdout. */
  kubectl(args: readonly string[], input = ''): string {
    const config = ['--kubeconfig', `/etc/kubernetes/${this.#adminFile}`];
    const server = ['--server', `https://${this.address}:6443`];
    return this.#host.run([this.#binaries.pathOf('kubectl'), ...config, ...server, ...args], input);
  }

  /** Another program of the administrator's, towards the VIP, which is here the apiserver of this master. Returns its stdout. */
  asAdministrator(argv: readonly string[]): string {
    const environment = [`KUBECONFIG=/etc/kubernetes/${this.#adminFile}`, `HOME=${this.kubernetes}`];
    return this.#host.run(['env', ...environment, ...argv]);
  }

  /** What its apiserver was asked about masters. */
  get asked(): Asked[] {
    return askedIn(this.kubernetes);
  }

  /** Starts what does not run. */
  start(programs: readonly Program[] = CONTROL_PLANE): void {
    for (const program of programs) {
      if (this.#running.get(program)?.isRunning) continue;
      const [, ...flags] = this.#commandOf(program);
      if (program === 'kube-apiserver') flags.push(...auditFlags(this.kubernetes));
      this.#running.set(program, this.#host.start(program, [this.#binaries.pathOf(program), ...flags]));
    }
  }

  /** SIGTERM ends it in order: it serves what is open to its end, for a minute at most. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): void {
    this.#isFaulty = true;
    this.#isEnding = true;
    this.apiserver.kill(signal);
  }

  /** Until it is ready, whatever was done to it. */
  async startAgain(): Promise<void> {
    this.setCable(true);
    this.freeze(false);
    if (this.#isEnding) await this.apiserver.ended;
    if (this.apiserver.isRunning) this.slow('max');
    this.#isEnding = false;
    this.start();
    await this.untilReady();
  }

  async untilReady(): Promise<void> {
    await eventually(`master ${this.number} is ready`, async () => this.isReady(), {
      timeoutMs: READY_TIMEOUT_MS,
      everyMs: 250,
    });
  }

  isReady(): boolean {
    if (!this.apiserver.isRunning)
      throw new Error(`the apiserver of master ${this.number} ended:\n${this.apiserver.lastWords}`);
    try {
      return this.kubectl(['get', '--raw', '/readyz']) === 'ok';
    } catch {
      return false; // not yet: what it is waiting for is in its log
    }
  }

  /** Neither killed, nor stopped, nor unplugged by a test. */
  get isUsable(): boolean {
    return this.#running.has('kube-apiserver') && this.apiserver.isRunning && !this.#isFaulty;
  }

  /** Its processes stand still, and are there. */
  freeze(frozen: boolean): void {
    this.#isFaulty = frozen;
    for (const running of this.#running.values()) running.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Its apiserver has this many percent of one core. */
  slow(percent: number | 'max'): void {
    limitCpu(this.#host.name, this.apiserver.pid, percent);
  }

  /** How long a request on a new connection takes now; `Infinity` = longer than 15 s. */
  answersAfterMs(): number {
    const request = ['curl', '--silent', '--insecure', '--output', '/dev/null', '--max-time', '15'];
    try {
      const seconds = this.#host.run([
        ...request,
        ...['--write-out', '%{time_total}', `https://${this.#address}:6443/readyz`],
      ]);
      return Number(seconds) * 1000;
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  }

  /** It ends in order and is ready at another address, with certificates and kubeconfigs that name it. */
  async moveTo(address: string): Promise<void> {
    this.kill('SIGTERM');
    await this.apiserver.ended;
    await this.stop();
    changeAddress(this.#host.name, this.#address, address);
    this.#address = address;
    for (const name of [
      'pki/apiserver.crt',
      'pki/apiserver.key',
      'controller-manager.conf',
      'scheduler.conf',
    ])
      rmSync(join(this.kubernetes, name));
    this.#makeFiles();
    this.#isFaulty = false;
    await this.startAgain();
  }

  /** Power is lost, or only the cable: for everybody else it is the same. */
  setCable(plugged: boolean): void {
    this.#isFaulty = !plugged;
    setCable(this.#host.name, plugged);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map(running => running.stop()));
  }

  get #adminFile(): string {
    return existsSync(join(this.kubernetes, 'super-admin.conf')) ? 'super-admin.conf' : 'admin.conf';
  }

  #commandOf(program: Program): string[] {
    const manifest = join(this.kubernetes, 'manifests', `${program}.yaml`);
    const pod = parse(readFileSync(manifest, 'utf8')) as {
      spec: { containers: [{ command: string[]; args?: string[] }] };
    };
    const [{ command, args = [] }] = pod.spec.containers;
    return [...command, ...args];
  }

  #isFrom(minor: number): boolean {
    return Number(this.#binaries.version.split('.')[1]) >= minor;
  }
}

export function startEtcd(directory: string, binaries: Binaries): Running {
  const client = `http://${ETCD}:2379`;
  return new HostDirectory('etcd', directory).start('etcd', [
    binaries.etcd,
    ...[
      '--data-dir',
      join(directory, 'data'),
      '--listen-client-urls',
      client,
      '--advertise-client-urls',
      client,
    ],
    ...['--listen-peer-urls', 'http://127.0.0.1:2380', '--unsafe-no-fsync'],
  ]);
}
