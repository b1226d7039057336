// Follows a few objects of the API for ever: one list, then watches that are resumed from where the last one ended.
// What goes wrong decides whom to ask next, and when.
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoCode } from '../errors.ts';
import type { HostPort } from '../model/address.ts';
import { ApiClient, type ApiServer } from './api-client.ts';
import { ApiError, isBadAnswer, isExpired, isLeftAlone, isRefusal, needsList } from './api-error.ts';
import { Backoff } from './backoff.ts';
import { Courtesy } from './courtesy.ts';
import type { ClusterAccess } from './kubernetes.ts';
import { Mirror } from './mirror.ts';
import { Progress } from './progress.ts';
import type { Resource } from './resources.ts';
import { serversToTry } from './servers.ts';
import type { Freshness } from './source.ts';
import type { Timing } from './timing.ts';
import { watchEvents } from './watch-stream.ts';

export interface ReflectorOptions {
  /** The first that the API knows is used. */
  readonly resources: readonly [Resource, ...Resource[]];
  readonly readAccess: () => Promise<ClusterAccess>;
  readonly fallbackServers: () => readonly HostPort[];
  readonly notice: (text: string) => void;
  /** All addresses of all objects, after a list and after each event that is not a bookmark. */
  readonly onChange: (candidates: HostPort[]) => void;
  readonly timing: Timing;
}

/** So many unusable answers in a row: perhaps it is the version we resume from that is wrong. */
const BAD_ANSWERS_UNTIL_LIST = 3;

/** INVARIANTS: one request at a time; no failure ends run(), only its signal does. */
export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #client: ApiClient;
  readonly #mirror: Mirror;
  readonly #progress: Progress;
  readonly #backoff: Backoff;
  readonly #courtesy: Courtesy;
  #badAnswers = 0;
  #session: AbortController | undefined;

  constructor(options: ReflectorOptions) {
    const { timing, resources, notice, onChange } = options;
    this.#options = options;
    this.#client = new ApiClient(timing);
    this.#progress = new Progress(notice);
    this.#mirror = new Mirror(this.#client, resources, candidates => {
      // Where the role allows no watch, a list is all that is ever heard.
      this.#progress.heard();
      onChange(candidates);
    });
    this.#backoff = new Backoff(timing.backoffMs, timing.backoffCeilingMs);
    this.#courtesy = new Courtesy(timing.retryAfterCeilingMs);
  }

  get freshness(): Freshness {
    return this.#progress.freshness;
  }

  /** Breaks off the watch, attempt or wait of this moment. */
  reconnect(): void {
    this.#session?.abort();
  }

  async run(signal: AbortSignal): Promise<void> {
    for (let waitMs = 0; !signal.aborted; ) {
      const session = new AbortController();
      const stop = (): void => session.abort();
      signal.addEventListener('abort', stop);
      this.#session = session;
      await sleep(waitMs, undefined, { signal: session.signal }).catch(ignoreAbort);
      waitMs = await this.#attempt(session.signal);
      signal.removeEventListener('abort', stop);
    }
    this.#client.close();
  }

  /** Returns how many milliseconds to wait before the next one. */
  async #attempt(signal: AbortSignal): Promise<number> {
    const { resumeJitterMs, relistJitterMs } = this.#options.timing;
    try {
      if (!signal.aborted) await this.#tryServers(signal);
      return Math.random() * resumeJitterMs;
    } catch (error) {
      this.#client.close();
      if (signal.aborted) return Math.random() * resumeJitterMs;
      if (this.#settled()) this.#backoff.reset();
      const relistMs = this.#mustList(error) ? Math.random() * relistJitterMs : 0;
      const backoffMs = this.#backoff.next();
      // Nobody was asked: another one may be known by then, and one that wants its time gets no more of it.
      return (isLeftAlone(error) ? Math.min(backoffMs, this.#courtesy.soonestMs) : backoffMs) + relistMs;
    } finally {
      this.#progress.closed();
    }
  }

  /** Resolves when a watch ended as it should; throws when there is reason to wait. */
  async #tryServers(signal: AbortSignal): Promise<void> {
    let first: unknown;
    let leftAlone: ApiError | undefined;
    for (const server of serversToTry(await this.#readAccess(), this.#options.fallbackServers)) {
      const refusal = this.#courtesy.refusalOf(server.label);
      leftAlone ??= refusal;
      if (refusal !== undefined) continue;
      const isFirst = first === undefined && leftAlone === undefined;
      try {
        await this.#follow(server, isFirst, signal);
        return;
      } catch (error) {
        if (signal.aborted || isExpired(error)) throw error;
        this.#courtesy.heard(server.label, error);
        if (isFirst) this.#progress.failed(server.label, error);
        first ??= error;
        if (needsList(error) || isRefusal(error) || this.#settled()) throw error;
        this.#client.close();
      }
    }
    throw first ?? leftAlone;
  }

  async #follow(server: ApiServer, configured: boolean, signal: AbortSignal): Promise<void> {
    const { timing } = this.#options;
    if (server.label !== this.freshness.server) this.#client.close();
    this.#progress.trying(server.label);
    const response = await this.#mirror.open(server, timing.watchMs, signal);
    this.#progress.opened(server.label, configured);
    for await (const event of watchEvents(response, timing.silenceMs)) {
      this.#mirror.apply(event);
      this.#progress.heard();
      this.#badAnswers = 0;
    }
    if (!this.#settled()) throw new ApiError('api-cut-short', 'the server ended the watch too soon');
    this.#backoff.reset();
  }

  async #readAccess(): Promise<ClusterAccess> {
    try {
      return await this.#options.readAccess();
    } catch (error) {
      this.#progress.failed('credentials', error);
      throw error;
    }
  }

  #mustList(error: unknown): boolean {
    if (isBadAnswer(error)) this.#badAnswers += 1;
    const mustList = needsList(error) || this.#badAnswers >= BAD_ANSWERS_UNTIL_LIST;
    if (mustList) this.#mirror.listNext();
    return mustList;
  }

  /** The watch lived long enough to show that its server works. */
  #settled(): boolean {
    const { watchedMs } = this.#progress;
    return watchedMs !== undefined && watchedMs >= this.#options.timing.settledMs;
  }
}

function ignoreAbort(error: unknown): void {
  if (errnoCode(error) !== 'ABORT_ERR') throw error;
}
