// The network of one scenario: a worker, masters, a gateway, and what can happen to them.
import { GATEWAY, MAX_MASTERS, master, WORKER } from './addresses.ts';
import { LabHost } from './lab-host.ts';
import type { Machine } from './machine.ts';
import { Master } from './master.ts';
import { buildTopology, removeTopology, setCable, setPacketLoss } from './topology.ts';

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

  /** Starts a stand-in on every master; each one's endpoints are all masters. */
  async startApiservers({ port = 6443, family = 4 as 4 | 6 } = {}): Promise<void> {
    await Promise.all(this.masters.map(each => each.startApiserver({ port })));
    await this.setEndpoints(this.masters.map(each => (family === 4 ? each.ipv4 : each.ipv6)));
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

  close(): Promise<void> {
    return removeTopology(this.#machine);
  }
}
