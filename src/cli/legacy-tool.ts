// The original's tool: -cmd init|reload|add|delete. Its flags are those of ipvs_tools/main.go. Pure.
import { UsageError } from '../lib/errors.ts';
import { type FlagKinds, parseFlags, type Translated } from './legacy-flags.ts';

const FLAGS: FlagKinds = {
  cmd: 'value',
  vs: 'value',
  rs: 'value',
  scheduler: 'value',
  persistDir: 'value',
  toolPath: 'value',
  healthScheme: 'value',
  healthPath: 'value',
};

interface Operation {
  /** The command and what it always gets. */
  readonly command: readonly string[];
  /** Flags that mean the same there. */
  readonly takes: readonly (keyof typeof NEW_NAME)[];
  readonly needsVs: boolean;
  /** Why the other flags of the virtual server mean nothing. */
  readonly otherwise?: string;
}

const NEW_NAME = { vs: '--vs', rs: '--rs', scheduler: '--scheduler', persistDir: '--persist-dir' };

const OPERATIONS: Readonly<Record<string, Operation>> = {
  init: { command: ['init'], takes: ['vs', 'rs', 'scheduler', 'persistDir'], needsVs: true },
  reload: {
    // The line that it left in /etc/rc.local: at boot, when there may be no address yet.
    command: ['sync', '--from', 'persisted', '--address-timeout', '1m'],
    takes: ['persistDir'],
    needsVs: false,
    otherwise: 'the persisted set is restored as it is',
  },
  add: { command: ['sync', '--add'], takes: ['vs', 'rs', 'scheduler', 'persistDir'], needsVs: true },
  delete: {
    command: ['clean', '--force'],
    takes: ['vs', 'persistDir'],
    needsVs: true,
    otherwise: 'the whole virtual server is taken away',
  },
};

const WHY_IGNORED: Readonly<Record<string, string>> = {
  toolPath: 'the boot service runs the file that init was started from',
  healthScheme: 'every real server that is named is added, and the daemon probes them',
  healthPath: 'every real server that is named is added, and the daemon probes them',
};

/** Throws UsageError. */
export function translateTool(argv: readonly string[]): Translated {
  const flags = parseFlags(argv, FLAGS);
  const name = flags.get('cmd')?.at(-1) ?? '';
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  if (operation === undefined) {
    const given = flags.has('cmd') ? `-cmd ${name}` : '-cmd';
    throw new UsageError(`${given}: one of init, reload, add and delete is expected`);
  }
  // Its default, 127.0.0.1:6443, never worked: packets from a loopback address do not leave the host.
  if (operation.needsVs && !flags.has('vs'))
    throw new UsageError(`-vs: the virtual server is missing; give -vs VIP:PORT, for example 10.99.0.1:6443`);
  const taken = operation.takes.flatMap(flag => {
    const values = flags.get(flag) ?? [];
    return (flag === 'rs' ? values : values.slice(-1)).flatMap(value => [NEW_NAME[flag], value]);
  });
  const ignored = [...flags.keys()].filter(
    flag => flag !== 'cmd' && !operation.takes.some(take => take === flag),
  );
  return {
    argv: [...operation.command, ...taken],
    notes: ignored.map(flag => `-${flag} is ignored: ${WHY_IGNORED[flag] ?? operation.otherwise}`),
  };
}
