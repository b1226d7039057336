// In which order help, reference and man pages name commands and flags: that of use, not of the alphabet.

/** As a node meets them. A command that is missing here comes last. */
const COMMANDS = ['init', 'status', 'daemon', 'install-service', 'sync', 'clean', 'completion', 'version'];

/** A flag means the same in every command that has it, so it is in one group. */
const GROUPS: readonly { readonly title: string; readonly flags: readonly string[] }[] = [
  { title: 'Service', flags: ['role', 'print', 'uninstall', 'start', 'binary', 'image', 'namespace'] },
  { title: 'Virtual server', flags: ['vs', 'scheduler', 'scheduler-flags', 'source-ip', 'mtu', 'route'] },
  {
    title: 'Masters',
    flags: ['rs', 'add', 'from', 'forget', 'discovery', 'kubeconfig', 'server', 'remember'],
  },
  {
    title: 'Health checks',
    flags: [
      'probe',
      'probe-path',
      'probe-status',
      'probe-interval',
      'probe-timeout',
      'hang-time',
      'rise',
      'fall',
      'drain-timeout',
      'ca-file',
      'token-file',
      'client-certificate',
      'client-key',
    ],
  },
  { title: 'Host', flags: ['sysctl', 'service', 'address-timeout', 'look-on'] },
  { title: 'Files', flags: ['config', 'persist', 'persist-dir', 'purge'] },
  {
    title: 'Output',
    flags: ['listen', 'log-format', 'wide', 'brief', 'watch', 'interval', 'explain', 'bundle'],
  },
  { title: 'This run', flags: ['force', 'check', 'wait', 'dry-run', 'json'] },
];

export function inOrderOfUse<C>(commands: readonly C[], nameOf: (command: C) => string): C[] {
  const place = (command: C): number => {
    const index = COMMANDS.indexOf(nameOf(command));
    return index < 0 ? COMMANDS.length : index;
  };
  return commands.toSorted((a, b) => place(a) - place(b));
}

/** Groups that have a flag, in order; flags that no group names come last, in one of their own. */
export function inGroups<F extends { readonly name: string }>(
  flags: readonly F[],
): { readonly title: string; readonly flags: readonly F[] }[] {
  const named = GROUPS.map(({ title, flags: names }) => ({
    title,
    flags: names.flatMap(name => flags.find(flag => flag.name === name) ?? []),
  }));
  const isNamed = (name: string): boolean => GROUPS.some(({ flags: names }) => names.includes(name));
  const others = { title: 'Others', flags: flags.filter(({ name }) => !isNamed(name)) };
  return [...named, others].filter(group => group.flags.length > 0);
}
