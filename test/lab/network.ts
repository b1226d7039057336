// The network of one scenario: a worker, masters, a gateway, and what can happen to them.
import { GATEWAY, MAX_MASTERS, master, WORKER } from './addresses.ts';
import { eventually } from './bounded.ts';
import { LabHost } from './lab-host.ts';
import type { Machine } from './machine.ts';
import { Master } from './master.ts';
import { buildTopology, removeTopology, setCable, setPacketLoss } from './topology.ts';

const ETCD_PORT = 2379;

export interface NetworkOptions {
  masters?: number;
  /** Default route of every host by the gateway (true), or only the link's own routes. */
  defaultRoute?: boolean;
}

// What the program under test leaves on a node; shared by all hosts of a scenario, cleared between scenarios.
const NODE_FILES = [
  '/root/.bcs',
  '/etc/rc.local',
  '/etc/systemd/system/bcs-apiserver-proxy.service',
  '/etc/systemd/system/bcs-apiserver-proxy-daemon.service',
  '/etc/modules-load.d/bcs-apiserver-proxy.conf',
  '/etc/sysctl.d/90-bcs-apiserver-proxy.conf',
];

export class Network {
  readonly worker: LabHost;
  readonly masters: Master[];
  readonly gateway: LabHost;
  #machine: Machine;

  private constructor(machine: Machine, worker: LabHost, masters: Master[], gateway: LabHost) {
    this.#machine = machine;
    this.worker = worker;
    this.masters = masters;
    this.gateway = gateway;
  }

  static async build(machine: Machine, options: NetworkOptions = {}): Promise<Network> {
    const { masters = 3, defaultRoute = true } = options;
    if (masters > MAX_MASTERS) throw new Error(`${masters} masters: the certificate names ${MAX_MASTERS}.`);
    const worker = { name: 'w1', host: WORKER };
    const gateway = { name: 'gw', host: GATEWAY };
    const seats = Array.from({ length: masters }, (_, index) => ({
      name: `m${index + 1}`,
      host: master(index + 1),
    }));
    await buildTopology(machine, [worker, gateway, ...seats], defaultRoute);
    if (machine.disposable) await machine.must(['rm', '-rf', ...NODE_FILES]);
    const hosts = seats.map(seat => new Master(machine, seat));
    return new Network(machine, new LabHost(machine, worker), hosts, new LabHost(machine, gateway));
  }

  /**
   * Starts a stand-in on every master, or on those of these numbers; each one's endpoints are all masters. With `leases`
   * they share one etcd, which is on the gateway: each is named while it lives, whoever of them is asked.
   */
  async startApiservers({
    port = 6443,
    family = 4 as 4 | 6,
    leases = false,
    numbers = this.masters.map((_, index) => index + 1),
  } = {}): Promise<void> {
    const addressOf = (master: Master): string => (family === 4 ? master.ipv4 : master.ipv6);
    const starting = numbers.map(number => this.master(number));
    if (leases) await this.#startEtcd(port, addressOf);
    await Promise.all(starting.map(each => each.startApiserver({ port })));
    if (!leases) await this.setEndpoints(this.masters.map(addressOf));
    else
      await eventually(
        'all are named',
        async () => (await this.named(starting[0])).length === numbers.length,
      );
  }

  /** Whom a stand-in names as masters, as far as it has heard. */
  async named(master: Master | undefined): Promise<string[]> {
    return (await master?.counters())?.named ?? [];
  }

  /** What discovery answers from now on, at every master whose stand-in runs. */
  async setEndpoints(addresses: string[]): Promise<void> {
    const endpoints = addresses.map(address => ({ address }));
    const nodes = addresses.map((address, index) => ({ name: `node-${index + 1}`, address }));
    await Promise.all(this.masters.map(each => each.control({ endpoints, nodes })));
  }

  master(number: number): Master {
    const found = this.masters[number - 1];
    if (found === undefined) throw new Error(`There is no master ${number}.`);
    return found;
  }

  powerLoss(host: LabHost): Promise<void> {
    return setCable(this.#machine, host.name, 'down');
  }

  powerBack(host: LabHost): Promise<void> {
    return setCable(this.#machine, host.name, 'up');
  }

  packetLoss(host: LabHost, percent: number): Promise<void> {
    return setPacketLoss(this.#machine, host.name, percent);
  }

  /** The machine's clock in ms, the same as in clients' outcomes; it counts from boot, in steps of 10 ms. */
  async now(): Promise<number> {
    return Number.parseFloat(await this.#machine.readFile('/proc/uptime')) * 1000;
  }

  async #startEtcd(apiserverPort: number, addressOf: (master: Master) => string): Promise<void> {
    const config = JSON.stringify({ port: ETCD_PORT, apiserverPort });
    const etcd = await this.gateway.spawn([
      this.#machine.node,
      `${this.#machine.labDirectory}/etcd.mjs`,
      config,
    ]);
    await etcd.waitForLine(() => true);
    for (const each of this.masters) each.join(`${this.gateway.ipv4}:${ETCD_PORT}`, addressOf(each));
  }

  close(): Promise<void> {
    return removeTopology(this.#machine);
  }
}
