// Tells systemd how the service is doing (sd_notify): a datagram to the socket that it named, or nothing where it named
// none. As sd_notify(3) recommends, a notification that cannot be sent never stops the service.
import { closeSync, writeSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import { connectSocket, openSocket } from '../native/libc.ts';

export interface Notifier {
  /** The service works; ends the start, or the reload that reloading() began. */
  ready(status: string): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  reloading(): void;
  stopping(): void;
  /** Still alive; due every watchdogIntervalMs. */
  watchdog(): void;
  /** Half of what systemd allows to pass; undefined = it does not watch us. */
  readonly watchdogIntervalMs: number | undefined;
}

/** `onFailure` is called once, with a sentence, when a notification cannot be sent for the first time. */
export function createNotifier(env: NodeJS.ProcessEnv, onFailure: (sentence: string) => void): Notifier {
  const { NOTIFY_SOCKET: socket } = env;
  let failed = false;
  const notify = (...assignments: string[]): void => {
    if (!socket) return;
    try {
      send(socket, assignments.join('\n'));
    } catch (error) {
      if (!failed) onFailure(`systemd cannot be notified, NOTIFY_SOCKET=${socket}: ${messageOf(error)}`);
      failed = true;
    }
  };
  return {
    ready: text => notify('READY=1', statusOf(text)),
    status: text => notify(statusOf(text)),
    reloading: () => notify('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => notify('STOPPING=1'),
    watchdog: () => notify('WATCHDOG=1'),
    watchdogIntervalMs: socket ? watchdogInterval(env) : undefined,
  };
}

/** A line break would begin another assignment. */
function statusOf(text: string): string {
  return `STATUS=${text.replaceAll(/\s+/g, ' ').trim()}`;
}

/** As sd_watchdog_enabled(3): meant for us when WATCHDOG_PID is ours or absent. */
function watchdogInterval({ WATCHDOG_USEC: limit = '', WATCHDOG_PID: pid }: NodeJS.ProcessEnv) {
  const isOurs = pid === undefined || pid === String(process.pid);
  return isOurs && /^[1-9]\d*$/.test(limit) ? Number(limit) / 2000 : undefined;
}

// <bits/socket.h>, <bits/socket_type.h>
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
/** A service manager that does not read must not hold us up. */
const SOCK_NONBLOCK = 0o4000;

function send(socket: string, message: string): void {
  const address = packSockaddr(socket);
  const fd = openSocket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  try {
    connectSocket(fd, address);
    writeSync(fd, message);
  } finally {
    closeSync(fd);
  }
}

const MAX_PATH_BYTES = 108;

/**
 * struct sockaddr_un { u16 sun_family; char sun_path[108]; }: a path ends in NUL; an abstract name, written with @,
 * begins with NUL instead and is as long as the address says.
 */
function packSockaddr(socket: string): Buffer {
  const path = socket.startsWith('@') ? `\0${socket.slice(1)}` : `${socket}\0`;
  if (!/^[@/]./.test(socket)) throw new Error('it is neither a path nor an abstract name');
  const bytes = Buffer.from(path);
  if (bytes.length > MAX_PATH_BYTES) throw new Error(`it is longer than ${MAX_PATH_BYTES} bytes`);
  return Buffer.concat([Buffer.from([AF_UNIX, 0]), bytes]);
}
