// One question to one apiserver, as far as it gets: TCP, TLS, an answer. It shows no credentials, and an apiserver that
// cannot be verified is described all the same.
import { Agent, get } from 'node:https';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { errnoCode } from '../../errors.ts';
import { equalHostPort, type HostPort } from '../../model/address.ts';
import { APISERVER_NAME, apiserverIdentity } from '../../model/apiserver-name.ts';
import type { SocketClient } from '../../sockets/client.ts';
import { type CertificateFacts, LONG_ROUND_TRIP_MS, type ProbeFacts } from '../report.ts';

export interface ProbeOptions {
  readonly trust: Trust;
  readonly vip: string;
  /** "/readyz" */
  readonly path: string;
  /** Ends the probe, wherever it is; where round trips are long, some of them later. */
  readonly deadline: AbortSignal;
  readonly sockets: Pick<SocketClient, 'traffic'>;
  /** Told as soon as the connection is there, with our end of it. */
  readonly onConnected?: (client: HostPort) => void;
}

/** For what is left after TCP: TLS takes one or two, the answer one, and one packet may be lost. */
const ROUND_TRIPS = 4;

/** Made once for all probes: it takes as long as a handshake. */
export interface Trust {
  readonly agent: Agent;
  /** A CA is known on this host. */
  readonly caKnown: boolean;
}

/** `ca` in PEM. Without one nobody is trusted, rather than those whom Node would load and trust instead. */
export function trustOf(ca: string | undefined): Trust {
  const agent = new Agent({
    secureContext: createSecureContext({ ca: ca ?? [] }),
    servername: APISERVER_NAME,
    rejectUnauthorized: false,
    maxCachedSessions: 0,
  });
  return { agent, caKnown: ca !== undefined };
}

/** Never rejects: what does not come is in the answer. */
export function probe({ address, port }: HostPort, options: ProbeOptions): Promise<ProbeFacts> {
  const { trust, vip, path, deadline, sockets, onConnected } = options;
  const startedAt = performance.now();
  let reached: ProbeFacts['reached'] = 'nothing';
  let certificate: CertificateFacts | undefined;
  let connectMs = 0;
  let roundTripMs: number | undefined;
  const giveUp = new AbortController();
  const onDeadline = (): void => {
    const graceMs = connectMs > LONG_ROUND_TRIP_MS ? ROUND_TRIPS * connectMs : 0;
    setTimeout(() => giveUp.abort(), graceMs);
  };
  if (deadline.aborted) giveUp.abort();
  else deadline.addEventListener('abort', onDeadline, { once: true });
  const { promise, resolve } = Promise.withResolvers<ProbeFacts>();
  const fail = (reason: string): void =>
    resolve({ outcome: 'dead', reason, reached, roundTripMs, latencyMs: undefined, certificate });
  const request = get({
    host: address,
    port,
    path,
    agent: trust.agent,
    headers: { host: APISERVER_NAME },
    checkServerIdentity: apiserverIdentity(undefined, address, vip),
    signal: giveUp.signal,
  });
  request.once('socket', socket => {
    const tls = socket as TLSSocket;
    tls.once('connect', () => {
      reached = 'tcp';
      connectMs = Math.round(performance.now() - startedAt);
      const client = { address: tls.localAddress ?? '', port: tls.localPort ?? 0 };
      // A busy process learns of it late.
      roundTripMs =
        connectMs <= LONG_ROUND_TRIP_MS ? connectMs : measured(sockets, client, { address, port });
      onConnected?.(client);
    });
    tls.once('secureConnect', () => {
      reached = 'tls';
      certificate = describe(tls, vip, trust.caKnown);
    });
  });
  request.once('response', response => {
    reached = 'http';
    const { statusCode: status = 0 } = response;
    response.resume();
    response.once('end', () => {
      const latencyMs = Math.round(performance.now() - startedAt);
      resolve({ ...judge(status), reached, roundTripMs, latencyMs, certificate });
    });
    response.on('error', error => fail(reasonOf(error)));
  });
  request.on('error', error => fail(reasonOf(error)));
  return promise.finally(() => deadline.removeEventListener('abort', onDeadline));
}

/** Undefined where the kernel does not list sockets. */
function measured(sockets: ProbeOptions['sockets'], client: HostPort, server: HostPort): number | undefined {
  try {
    return sockets.traffic(server).find(({ local }) => equalHostPort(local, client))?.roundTripMs;
  } catch {
    return undefined;
  }
}

function judge(status: number): Pick<ProbeFacts, 'outcome' | 'reason'> {
  if (status === 200) return { outcome: 'ready', reason: undefined };
  const outcome = status === 401 || status === 403 ? 'unauthorized' : 'not-ready';
  return { outcome, reason: `http-${status}` };
}

/** The deadline is our time limit. */
function reasonOf(error: Error): string {
  if (error.name === 'AbortError') return 'etimedout';
  return (errnoCode(error) ?? 'EPROTO').toLowerCase();
}

/** Undefined when the server showed none. */
function describe(socket: TLSSocket, vip: string, caKnown: boolean): CertificateFacts | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  return {
    expiresInS: Math.round((Date.parse(certificate.validTo) - Date.now()) / 1000),
    namesVip: certificate.checkIP(vip) !== undefined,
    verified: caKnown ? socket.authorized : undefined,
  };
}
