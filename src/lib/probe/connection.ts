// One kept-alive HTTPS connection to a master, and the kernel as its sentinel: TCP keep-alive finds out about a lost
// peer within 2 to 3 s, at no cost for the apiserver. HTTP/1.1, because apiservers answer every anonymous HTTP/2
// request with GOAWAY.

import type { ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { errnoCode } from '../errors.ts';
import { type Evidence, judgeFailure, judgeStatus } from '../health/evidence.ts';
import type { HostPort } from '../model/address.ts';
import { apiserverIdentity } from '../model/apiserver-name.ts';
import { limitSilence, type SilenceLimits } from '../native/tcp.ts';
import type { ProbeChannel } from './channel.ts';
import { bytesBelow, FAREWELL } from './farewell.ts';

export interface TlsSettings {
  /** PEM; undefined = the master is not verified (there is no CA to verify it with). */
  readonly ca: string | undefined;
  readonly serverName: string;
  /** Credentials; sent only over a verified connection. */
  readonly token?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface ProbeSettings {
  /** "/readyz" */
  readonly path: string;
  /** HTTP statuses that count as ready. */
  readonly accepted: ReadonlySet<number>;
  /** Asked for each connection (certificates) and each probe (token), because both rotate on disk. */
  readonly tls: () => TlsSettings;
}

/** Keep-alive after 1 s of silence and then each second: a lost master is noticed 2 to 3 s after it went. */
const SENTINEL: SilenceLimits = { keepAliveDelayMs: 1000, userTimeoutMs: 1500 };

/** While a question stays open, its silence is told this often. */
const SILENCE_EVERY_MS = 1000;
/** No apiserver answers later than its own time limit of a minute; a question that was lost in it is asked anew. */
const GIVE_UP_MS = 60_000;

export class ProbeConnection implements ProbeChannel {
  readonly #target: HostPort;
  readonly #settings: ProbeSettings;
  readonly #onLost: (code: string) => void;
  #tls: TlsSettings;
  #agent: OneSocketAgent;
  /** Why the master could not be verified: it is asked all the same, and shown no credentials. */
  #unverified: string | undefined;
  #connected = false;
  /** Below TLS, when the last answer was complete. */
  #bytesBelow = 0;
  #question: Question | undefined;
  #closed = false;

  /** Begins to connect. `onLost`: see OpenChannel. Throws what is wrong with our own certificates. */
  constructor(target: HostPort, settings: ProbeSettings, onLost: (code: string) => void) {
    this.#target = target;
    this.#settings = settings;
    this.#onLost = onLost;
    this.#tls = settings.tls();
    this.#agent = this.#connect(this.#tls.ca !== undefined);
  }

  close(): void {
    this.#closed = true;
    this.#question?.end();
    this.#agent.socket.destroy();
  }

  probe(limitMs: number, tell: (evidence: Evidence, final: boolean) => void): void {
    const question = new Question(limitMs, tell, () => ({
      connected: this.#connected,
      bytes: this.#agent.socket.bytesRead,
    }));
    this.#question = question;
    this.#send(question);
  }

  #connect(verify: boolean): OneSocketAgent {
    const { ca, cert, key, serverName } = this.#tls;
    const socket = connect({
      host: this.#target.address,
      port: this.#target.port,
      servername: serverName,
      rejectUnauthorized: verify,
      ...(verify && { ca, cert, key }),
      ...(verify && { checkServerIdentity: apiserverIdentity(serverName, this.#target.address) }),
    });
    this.#connected = false;
    this.#watch(socket, verify);
    return new OneSocketAgent(socket);
  }

  #send(question: Question): void {
    const { path, accepted } = this.#settings;
    const { serverName } = this.#tls;
    const { token } = this.#settings.tls();
    const mayShow = this.#tls.ca !== undefined && this.#unverified === undefined && token !== undefined;
    const authorization = mayShow ? { authorization: `Bearer ${token}` } : {};
    const request = https.request({
      path,
      agent: this.#agent,
      headers: { host: serverName, ...authorization },
    });
    const { socket } = this.#agent;
    request.once('response', (response: IncomingMessage) => {
      response.resume();
      response.once('end', () => {
        this.#bytesBelow = bytesBelow(socket);
        question.answered(response.statusCode ?? 0, accepted, this.#unverified);
      });
      response.once('error', error => question.failed(errnoCode(error) ?? 'EPROTO'));
    });
    request.once('error', error => {
      if (!this.#retryUnverified(socket, question)) question.failed(errnoCode(error) ?? 'EPROTO');
    });
    request.once('close', () => {
      if (socket === this.#agent.socket && socket.destroyed) question.failed('EPROTO');
    });
    request.end();
  }

  /** A certificate that does not fit is no sign of death. Returns whether the question goes on. */
  #retryUnverified(socket: TLSSocket, question: Question): boolean {
    const problem = socket.authorizationError as Error | string | null | undefined;
    if (!problem || this.#closed || this.#unverified !== undefined) return false;
    this.#unverified = String(problem);
    this.#agent = this.#connect(false);
    this.#send(question);
    return true;
  }

  #watch(socket: TLSSocket, verify: boolean): void {
    let code = 'FIN';
    socket.once('connect', () => {
      this.#connected = true;
      limitSilence(socket, SENTINEL);
    });
    socket.once('end', () => {
      if (this.#bytesBelow > 0 && bytesBelow(socket) > this.#bytesBelow) code = FAREWELL;
    });
    socket.on('error', error => {
      code = errnoCode(error) ?? 'EPROTO';
    });
    socket.once('close', () => {
      const isOver = !this.#closed && socket === this.#agent.socket;
      if (isOver && !(verify && socket.authorizationError && this.#question?.isOpen)) this.#onLost(code);
    });
  }
}

/** One request from its beginning to its one final piece of evidence. */
class Question {
  readonly #sentAt = performance.now();
  readonly #tell: (evidence: Evidence, final: boolean) => void;
  readonly #look: () => { connected: boolean; bytes: number };
  #timer: NodeJS.Timeout;
  #bytes: number;
  #heardAt = this.#sentAt;
  #overdue = false;
  isOpen = true;

  constructor(
    limitMs: number,
    tell: (evidence: Evidence, final: boolean) => void,
    look: () => { connected: boolean; bytes: number },
  ) {
    this.#tell = tell;
    this.#look = look;
    this.#bytes = look().bytes;
    // An answer that came while this process was busy is read before the time is declared to be over.
    this.#timer = setTimeout(() => setImmediate(() => this.#isLate()), limitMs);
  }

  answered(status: number, accepted: ReadonlySet<number>, unverified: string | undefined): void {
    const evidence = judgeStatus(status, performance.now() - this.#sentAt, accepted, this.#overdue);
    this.#finish(
      evidence.kind === 'ready' && unverified !== undefined ? { ...evidence, unverified } : evidence,
    );
  }

  failed(code: string): void {
    this.#finish(judgeFailure(code, this.#heardAt));
  }

  end(): void {
    this.isOpen = false;
    clearTimeout(this.#timer);
  }

  #finish(evidence: Evidence): void {
    if (!this.isOpen) return;
    this.end();
    this.#tell(evidence, true);
  }

  /** The question stays open: what comes late is an answer, too. */
  #isLate(): void {
    if (!this.isOpen) return;
    this.#overdue = true;
    const { connected, bytes } = this.#look();
    const now = performance.now();
    if (!connected) this.failed('ETIMEDOUT');
    else if (now - this.#sentAt > GIVE_UP_MS)
      this.#finish({ kind: 'closed', reason: 'no answer in a minute' });
    else this.#stillSilent(bytes, now);
  }

  #stillSilent(bytes: number, now: number): void {
    if (bytes !== this.#bytes) this.#heardAt = now;
    this.#bytes = bytes;
    this.#timer = setTimeout(() => this.#isLate(), SILENCE_EVERY_MS);
    this.#tell({ kind: 'process-silent', reason: 'no answer', since: this.#heardAt }, false);
  }
}

/**
 * Hands its one socket to each request. Node's own agent closes an idle connection on whatever happens to it and forgets
 * what that was, but a connection that timed out means something else than one that was closed.
 */
class OneSocketAgent extends https.Agent {
  readonly socket: TLSSocket;

  constructor(socket: TLSSocket) {
    super({ keepAlive: true });
    this.socket = socket;
  }

  addRequest(request: ClientRequest): void {
    request.onSocket(this.socket);
  }
}
