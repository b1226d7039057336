// A master: a host with a stand-in apiserver that scenarios start, steer, crash, hang and count.
import type { Answer, Control } from './guest/apiserver/control.ts';
import { LabHost } from './lab-host.ts';
import type { LabProcess } from './machine.ts';

export class Master extends LabHost {
  #apiserver: LabProcess | undefined;
  #answers = 0;
  #cluster: { etcd: string; address: string } | undefined;

  /** From its next start on its stand-in shares one etcd with others, and is named by `address` for as long as it lives. */
  join(etcd: string, address: string): void {
    this.#cluster = { etcd, address };
  }

  /** `pki`: directory on the machine with server.crt and server.key. */
  async startApiserver({ port = 6443, pki = `${this.machine.labDirectory}/pki` } = {}): Promise<void> {
    const directory = this.machine.labDirectory;
    const config = JSON.stringify({ name: this.name, port, pki, ...this.#cluster });
    this.#apiserver = await this.spawn([this.machine.node, `${directory}/apiserver.mjs`, config]);
    this.#answers = 1; // that it listens
    await this.#apiserver.waitForLine(() => true);
  }

  /** The stand-in's process, for signals: SIGKILL = crash, SIGSTOP and SIGCONT = hang, SIGTERM = orderly end. */
  get apiserver(): LabProcess {
    if (this.#apiserver === undefined) throw new Error(`${this.name}: the apiserver has not been started.`);
    return this.#apiserver;
  }

  /** Changes how the stand-in behaves; resolves to its counters when it does. One caller at a time per master. */
  async control(change: Control): Promise<Answer> {
    const mine = this.#answers++;
    let seen = 0;
    this.apiserver.write(`${JSON.stringify(change)}\n`);
    return JSON.parse(await this.apiserver.waitForLine(() => seen++ === mine)) as Answer;
  }

  counters(): Promise<Answer> {
    return this.control({});
  }
}
