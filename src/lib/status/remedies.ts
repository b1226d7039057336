// Commands that put a node right, with this node's own values, so that they can be typed as they are. Pure.
import { formatHostPort, type HostPort } from '../model/address.ts';
import type { Facts } from './report.ts';
import { type ServerView, serverViews } from './servers.ts';

export const RESTORE = 'bcs-apiserver-proxy sync --from persisted';

/** Makes the virtual server that is here, or was wanted here, and persists it. */
export function initCommand(facts: Facts): string {
  const { virtualServer, kernel } = facts;
  const views = serverViews(facts);
  const wanted = views.filter(view => view.wanted);
  const realServers = wanted.length > 0 ? wanted : views.filter(({ inKernel }) => inKernel !== undefined);
  const vs = virtualServer === undefined ? 'VIP:PORT' : formatHostPort(virtualServer);
  const scheduler = kernel.seen && kernel.value !== undefined ? kernel.value.scheduler : 'sh';
  return [
    `bcs-apiserver-proxy init --vs ${vs}`,
    realServers.length === 0 ? '--rs HOST:PORT --rs HOST:PORT' : named(realServers),
    ...(scheduler === 'sh' || scheduler === '' ? [] : [`--scheduler ${scheduler}`]),
  ].join(' ');
}

/** Nothing can be restored from a set that does not exist. */
export function restoreOrInit(facts: Facts): string {
  return facts.persisted.spec === undefined ? initCommand(facts) : RESTORE;
}

/** Leaves those that answer in the kernel, until the next boot; undefined where nobody answers. */
export function withoutDeadCommand(facts: Facts): string | undefined {
  const answering = serverViews(facts).filter(answers);
  return answering.length === 0 ? undefined : `bcs-apiserver-proxy sync --no-persist ${named(answering)}`;
}

function answers({ health, wanted }: ServerView): boolean {
  return wanted && (health === 'ready' || health === 'unauthorized');
}

function named(realServers: readonly HostPort[]): string {
  return realServers.map(realServer => `--rs ${formatHostPort(realServer)}`).join(' ');
}
