// The proof of the pudding: one TLS connection through the VIP, and which master answered it.

import { type Pins, realServerOf } from '../ipvs/pins.ts';
import { formatHostPort, type HostPort } from '../model/address.ts';
import { LARGE_ANSWER, SMALL_ANSWER } from '../model/apiserver-paths.ts';
import type { ProxySpec } from '../model/spec.ts';
import { ROUTE, TABLES } from './kernel-tasks.ts';
import type { Task } from './task.ts';

/** Longer than a TCP retransmission (1 s, then 2 s), so that one lost packet is no failure. */
const TIMEOUT_MS = 4_000;

export function verifyTask(pins: Pins, { virtualServer }: ProxySpec): Task {
  return {
    title: 'connection through the VIP',
    needs: [TABLES, ROUTE],
    async run() {
      const startedAt = performance.now();
      const outcome = await connectOnce(pins, virtualServer);
      if ('problem' in outcome) {
        const line = `no master answered through ${formatHostPort(virtualServer)} (${outcome.problem}); the rules are in place and work as soon as one does`;
        return { status: 'warning', lines: [line] };
      }
      const milliseconds = Math.round(performance.now() - startedAt);
      const master = outcome.realServer === undefined ? 'a master' : formatHostPort(outcome.realServer);
      const answered = `answered by ${master} in ${milliseconds} ms`;
      const warnings = [
        ...(outcome.namesVip ? [] : [nameless(virtualServer)]),
        ...((await losesLargeAnswers(virtualServer)) ? [CUT_OFF] : []),
      ];
      return { status: warnings.length === 0 ? 'ok' : 'warning', lines: [answered, ...warnings] };
    },
  };
}

const CUT_OFF =
  'only what is small arrives: a link on the way to the masters takes smaller packets than this host knows of; name its MTU with --mtu';

function nameless({ address }: HostPort): string {
  return `its certificate does not name ${address}, so clients that verify it refuse the VIP; see bcs-apiserver-proxy status --explain vip-not-in-certificate`;
}

async function losesLargeAnswers(vip: HostPort): Promise<boolean> {
  return (await arrives(vip, SMALL_ANSWER)) && !(await arrives(vip, LARGE_ANSWER));
}

/** The whole answer, whatever it says. Nothing is shown to who is asked, so the certificate is not verified. */
async function arrives({ address, port }: HostPort, path: string): Promise<boolean> {
  const { get } = await import('node:https');
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  return new Promise(resolve => {
    const fail = (): void => resolve(false);
    const options = { host: address, port, path, agent: false, rejectUnauthorized: false, signal };
    get(options, response => {
      response
        .resume()
        .once('end', () => resolve(true))
        .on('error', fail);
    }).on('error', fail);
  });
}

type Outcome = { realServer: HostPort | undefined; namesVip: boolean } | { problem: string };

/** Who answers matters here, not who it claims to be: nothing is sent, so the certificate is not verified. */
async function connectOnce(pins: Pins, vip: HostPort): Promise<Outcome> {
  const { connect } = await import('node:tls');
  return new Promise(resolve => {
    const socket = connect({ host: vip.address, port: vip.port, rejectUnauthorized: false });
    const finish = (outcome: Outcome): void => {
      socket.destroy();
      resolve(outcome);
    };
    let what = 'no answer';
    let why = '';
    socket.once('connect', () => {
      what = 'connected, and no TLS';
      why = ': it hangs, or a link takes smaller packets than this host knows of';
    });
    socket.setTimeout(TIMEOUT_MS, () => finish({ problem: `${what} within ${TIMEOUT_MS / 1000} s${why}` }));
    socket.once('error', (error: NodeJS.ErrnoException) => finish({ problem: error.code ?? error.message }));
    socket.once('secureConnect', () => {
      socket.setTimeout(0); // It answered; what follows is a question to the kernel, with a bound of its own.
      const client = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
      const namesVip = socket.getPeerX509Certificate()?.checkIP(vip.address) !== undefined;
      void realServerOf(pins, client, vip, AbortSignal.timeout(TIMEOUT_MS)).then(realServer =>
        finish({ realServer, namesVip }),
      );
    });
  });
}
