// What wrong usage gets: one sentence on standard error that names the flag, the value, the rule and the remedy,
// exit code 64, nothing on standard output, and nothing changed.
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { hostFiles, jsonOf, runProgram } from '../helpers/run-program.ts';
import { contentsOf, tempDir } from '../helpers/temp-dir.ts';

const VS = ['--vs', '10.99.0.1:6443'];
const RS = ['--rs', '10.0.0.11:6443'];
const UNUSED = 'choose an unused private address, for example 10.99.0.1';
const WRITE_VS = 'write VIP:PORT, for example 10.99.0.1:6443';
const WRITE_RS = 'write HOST:PORT, for example 10.0.0.11:6443';
const SCHEDULERS = 'rr wrr lc wlc lblc lblcr dh sh sed nq mh fo ovf';
const HELP = 'see bcs-apiserver-proxy init --help';

/** Runs it in a persist directory of its own and makes sure that nothing came of it. */
function refused(
  args: readonly string[],
  env: Record<string, string> = {},
): { exitCode: number | null; sentence: string } {
  const persistDir = tempDir();
  const before = hostFiles();
  const { exitCode, stdout, stderr } = runProgram(args, { persistDir, env });
  expect(stdout).toBe('');
  expect(contentsOf(persistDir)).toEqual({});
  expect(hostFiles()).toEqual(before);
  return { exitCode, sentence: stderr.replace(/^Error: (.*)\n$/, '$1') };
}

describe('init', () => {
  test.each<[string, string[], string]>([
    [
      '--vs is missing',
      RS,
      `--vs: the virtual server is missing; give --vs VIP:PORT, for example 10.99.0.1:6443`,
    ],
    ['--vs without a port', ['--vs', '10.99.0.1', ...RS], `--vs 10.99.0.1: the port is missing; ${WRITE_VS}`],
    [
      '--vs with an empty port',
      ['--vs', '10.99.0.1:', ...RS],
      `--vs 10.99.0.1:: "" is not a port from 1 to 65535; ${WRITE_VS}`,
    ],
    [
      '--vs with port 0',
      ['--vs', '10.99.0.1:0', ...RS],
      `--vs 10.99.0.1:0: "0" is not a port from 1 to 65535; ${WRITE_VS}`,
    ],
    [
      '--vs with port 65536',
      ['--vs', '10.99.0.1:65536', ...RS],
      `--vs 10.99.0.1:65536: "65536" is not a port from 1 to 65535; ${WRITE_VS}`,
    ],
    [
      '--vs is a host name',
      ['--vs', 'masters.local:6443', ...RS],
      `--vs masters.local:6443: "masters.local" is not an IP address (host names are not resolved); ${WRITE_VS}`,
    ],
    [
      '--vs is IPv6 without brackets',
      ['--vs', 'fd99::1:6443', ...RS],
      `--vs fd99::1:6443: an IPv6 address must stand in brackets, as in [fd00::1]:6443; ${WRITE_VS}`,
    ],
    [
      '--vs is loopback',
      ['--vs', '127.0.0.1:6443', ...RS],
      `--vs 127.0.0.1:6443: a loopback address cannot be the VIP: packets from 127.0.0.1 or ::1 never leave the host, so every connection would time out; ${UNUSED}`,
    ],
    [
      '--vs is IPv6 loopback',
      ['--vs', '[::1]:6443', '--rs', '[fd00::11]:6443'],
      `--vs [::1]:6443: a loopback address cannot be the VIP: packets from 127.0.0.1 or ::1 never leave the host, so every connection would time out; ${UNUSED}`,
    ],
    [
      '--vs is multicast',
      ['--vs', '224.0.0.1:6443', ...RS],
      `--vs 224.0.0.1:6443: a multicast address cannot be connected to over TCP; ${UNUSED}`,
    ],
    [
      '--vs is unspecified',
      ['--vs', '0.0.0.0:6443', ...RS],
      `--vs 0.0.0.0:6443: the unspecified address means "any" and cannot be connected to; ${UNUSED}`,
    ],
    [
      '--vs is broadcast',
      ['--vs', '255.255.255.255:6443', ...RS],
      `--vs 255.255.255.255:6443: the broadcast address cannot be connected to; ${UNUSED}`,
    ],
    [
      '--vs is link-local',
      ['--vs', '169.254.1.1:6443', ...RS],
      `--vs 169.254.1.1:6443: a link-local address has no meaning beyond one link; ${UNUSED}`,
    ],
    [
      "--vs is a real server's address",
      [...VS, '--rs', '10.99.0.1:6444'],
      `--vs 10.99.0.1:6443: the VIP must not be the address of a real server (--rs 10.99.0.1:6444); ${UNUSED}`,
    ],
    ['--vs twice', [...VS, ...VS, ...RS], `Flag --vs can only be specified once; ${HELP}`],
    [
      '--rs is missing',
      VS,
      '--rs: at least one real server is needed; give --rs HOST:PORT once for each master',
    ],
    ['--rs without a value', [...VS, '--rs'], `Flag --rs expects a value; ${HELP}`],
    ['--rs without a port', [...VS, '--rs', '10.0.0.11'], `--rs 10.0.0.11: the port is missing; ${WRITE_RS}`],
    [
      '--rs is a host name',
      [...VS, '--rs', 'master-1:6443'],
      `--rs master-1:6443: "master-1" is not an IP address (host names are not resolved); ${WRITE_RS}`,
    ],
    [
      '--rs is loopback',
      [...VS, '--rs', '127.0.0.1:6443'],
      '--rs 127.0.0.1:6443: a loopback address cannot be a real server; give the address at which other nodes reach this master',
    ],
    [
      '--rs twice the same',
      [...VS, ...RS, ...RS],
      '--rs 10.0.0.11:6443: the real server is given twice; give each master once',
    ],
    [
      '--rs of another family',
      [...VS, ...RS, '--rs', '[fd00::11]:6443'],
      "--rs [fd00::11]:6443: real servers must be of the VIP's address family (10.99.0.1:6443), the kernel refuses a mix; give the master's address of that family",
    ],
    [
      '--vs of another family',
      ['--vs', '[fd99::1]:6443', ...RS],
      "--rs 10.0.0.11:6443: real servers must be of the VIP's address family ([fd99::1]:6443), the kernel refuses a mix; give the master's address of that family",
    ],
    [
      'one --rs of a list is wrong',
      [...VS, '--rs', '10.0.0.11:6443,10.0.0.12'],
      `--rs 10.0.0.12: the port is missing; ${WRITE_RS}`,
    ],
    [
      '--scheduler is unknown',
      [...VS, ...RS, '--scheduler', 'best'],
      `--scheduler best: one of ${SCHEDULERS} is expected`,
    ],
    [
      '--scheduler-flags is unknown',
      [...VS, ...RS, '--scheduler-flags', 'fast'],
      '--scheduler-flags fast: one of sh-fallback sh-port mh-fallback mh-port is expected',
    ],
    [
      '--scheduler-flags of another scheduler',
      [...VS, ...RS, '--scheduler', 'rr', '--scheduler-flags', 'sh-port'],
      '--scheduler-flags sh-port: the flag belongs to scheduler sh, not to rr; leave it out or use --scheduler sh',
    ],
    [
      '--source-ip is no address',
      [...VS, ...RS, '--source-ip', 'eth0'],
      '--source-ip eth0: "eth0" is not an IP address (host names are not resolved); give an address of this host',
    ],
    [
      '--source-ip of another family',
      [...VS, ...RS, '--source-ip', 'fd00::2'],
      "--source-ip fd00::2: the source must be of the VIP's address family (10.99.0.1:6443); give an address of this host of that family",
    ],
    ['an unknown flag', [...VS, ...RS, '--bogus'], `--bogus: unknown flag; ${HELP}`],
    ['two unknown flags', [...VS, ...RS, '--bogus', '--wrong'], `--bogus --wrong: unknown flag; ${HELP}`],
    [
      'an argument',
      ['10.99.0.1:6443'],
      `10.99.0.1:6443: bcs-apiserver-proxy init takes no arguments; ${HELP}`,
    ],
    [
      'an argument behind flags',
      [...VS, 'extra'],
      `extra: bcs-apiserver-proxy init takes no arguments; ${HELP}`,
    ],
  ])('%s', (_, args, sentence) => {
    expect(refused(['init', ...args])).toEqual({ exitCode: 64, sentence });
  });
});

describe('init, against the addresses of this host', () => {
  const here = Object.values(networkInterfaces())
    .flatMap(addresses => addresses ?? [])
    .filter(
      ({ internal, family, address }) => !internal && family === 'IPv4' && !address.startsWith('169.254.'),
    );
  const [own] = here;

  test.skipIf(own === undefined)('--vs is an address of this host', () => {
    const address = own?.address;
    expect(refused(['init', '--vs', `${address}:6443`, ...RS])).toEqual({
      exitCode: 64,
      sentence: `--vs ${address}:6443: the VIP is an address of this host, and the kernel would then use it as the source of its own connections, which time out; take ${address} off its device or choose an unused address`,
    });
  });

  const broadcast = here.map(({ cidr }) => broadcastOf(cidr ?? '')).find(address => address !== undefined);

  test.skipIf(broadcast === undefined)('--vs is the broadcast address of a network of this host', () => {
    expect(refused(['init', '--vs', `${broadcast}:6443`, ...RS])).toEqual({
      exitCode: 64,
      sentence: `--vs ${broadcast}:6443: the VIP is a broadcast address of a network of this host; ${UNUSED}`,
    });
  });

  // 192.0.2.0/24 and its like are for documentation: 198.51.100.77 is not an address of any host.
  test.each(['198.51.100.77', '127.0.0.1'])(
    '--source-ip %s is none that the masters can answer to',
    source => {
      const { exitCode, sentence } = refused(['init', ...VS, ...RS, '--source-ip', source]);
      expect(exitCode).toBe(64);
      const rule = `--source-ip ${source}: the source must be an address of this host that the masters can answer to; `;
      expect(sentence.slice(0, rule.length)).toBe(rule);
      const offered = sentence.slice(rule.length).replace('give one of them: ', '').split(', ');
      expect(offered).toEqual(
        own === undefined ? ['this host has none'] : expect.arrayContaining([own.address]),
      );
      expect(offered).not.toContain('127.0.0.1');
    },
  );
});

describe('other commands', () => {
  test.each<[string, string[], string]>([
    ['a command that does not exist', ['start'], 'start: unknown command; see bcs-apiserver-proxy --help'],
    [
      'help for a command that does not exist',
      ['help', 'start'],
      'start: unknown command; see bcs-apiserver-proxy --help',
    ],
    [
      'a flag in the place of the command',
      ['--vs', '10.99.0.1:6443'],
      '--vs: flags follow the name of a command; see bcs-apiserver-proxy --help',
    ],
    [
      'sync from nowhere',
      ['sync', '--from', 'nowhere'],
      '--from nowhere: one of persisted cluster is expected',
    ],
    [
      'completion for nobody',
      ['completion'],
      'SHELL: one of bash zsh fish is expected; see bcs-apiserver-proxy completion --help',
    ],
    [
      'completion for an unknown shell',
      ['completion', 'fsh'],
      'fsh: one of bash zsh fish is expected; did you mean fish?',
    ],
    [
      'completion for two shells',
      ['completion', 'bash', 'zsh'],
      'zsh: bcs-apiserver-proxy completion takes no more arguments; see bcs-apiserver-proxy completion --help',
    ],
    [
      'clean of no address',
      ['clean', '--vs', 'vip'],
      `--vs vip: "vip" is not an IP address (host names are not resolved); ${WRITE_VS}`,
    ],
    [
      'status of no address',
      ['status', '--vs', '10.99.0.1'],
      `--vs 10.99.0.1: the port is missing; ${WRITE_VS}`,
    ],
    [
      'a flag with a value that takes none',
      ['clean', '--dry-run=false'],
      'false: bcs-apiserver-proxy clean takes no arguments; see bcs-apiserver-proxy clean --help',
    ],
  ])('%s', (_, args, sentence) => {
    expect(refused(args)).toEqual({ exitCode: 64, sentence });
  });
});

describe('what was probably meant is named', () => {
  test.each<[string[], string]>([
    [['statsu'], 'statsu: unknown command; did you mean status?'],
    [['help', 'snyc'], 'snyc: unknown command; did you mean sync?'],
    [['hlep'], 'hlep: unknown command; did you mean help?'],
    [['init', '--real-sever', '10.0.0.11:6443'], '--real-sever: unknown flag; did you mean --rs?'],
    [['init', '-vs', '10.99.0.1:6443'], '-vs: unknown flag; did you mean --vs?'],
    [['sync', '--shceduler=rr'], '--shceduler=rr: unknown flag; did you mean --scheduler?'],
    [['clean', '--no-srvice', '--purg'], '--no-srvice --purg: unknown flag; did you mean --purge?'],
    [
      ['init', '--no-rotue', '--dryrun', '--persist-dri', '/x'],
      '--no-rotue --dryrun --persist-dri: unknown flag; did you mean --no-route and --dry-run and --persist-dir?',
    ],
    [['status', '--jsn'], '--jsn: unknown flag; did you mean --json?'],
    [
      ['sync', '--from', 'clustr'],
      '--from clustr: one of persisted cluster is expected; did you mean cluster?',
    ],
    [
      ['init', ...VS, ...RS, '--scheduler', 'wr'],
      `--scheduler wr: one of ${SCHEDULERS} is expected; did you mean wrr?`,
    ],
    [
      ['status', '--explain', 'real-server-dwon'],
      '--explain real-server-dwon: status has no such code; did you mean real-server-down?',
    ],
  ])('%j', (args, sentence) => {
    expect(refused(args)).toEqual({ exitCode: 64, sentence });
  });
});

describe('the environment is checked like the command line', () => {
  test.each<[string, Record<string, string>, string]>([
    [
      'a virtual server without a port',
      { BCS_APISERVER_PROXY_VS: '10.99.0.1' },
      `--vs 10.99.0.1: the port is missing; ${WRITE_VS}`,
    ],
    [
      'a list of real servers',
      { BCS_APISERVER_PROXY_VS: '10.99.0.1:6443', BCS_APISERVER_PROXY_RS: '10.0.0.11:6443, 10.0.0.12' },
      `--rs 10.0.0.12: the port is missing; ${WRITE_RS}`,
    ],
    [
      'neither yes nor no',
      { BCS_APISERVER_PROXY_DRY_RUN: 'maybe' },
      'BCS_APISERVER_PROXY_DRY_RUN=maybe: not a yes or no; give true or false',
    ],
    [
      'an empty value is none',
      { BCS_APISERVER_PROXY_VS: '' },
      '--vs: the virtual server is missing; give --vs VIP:PORT, for example 10.99.0.1:6443',
    ],
  ])('%s', (_, env, sentence) => {
    expect(refused(['init'], env)).toEqual({ exitCode: 64, sentence });
  });
});

describe('with --json the sentence is a field of one object on standard output, and standard error is empty', () => {
  test.each<[string, string[], string]>([
    [
      'our own rules',
      ['init', '--vs', '10.99.0.1', '--json'],
      `--vs 10.99.0.1: the port is missing; ${WRITE_VS}`,
    ],
    ['an unknown flag', ['init', '--bogus', '--json'], `--bogus: unknown flag; ${HELP}`],
    [
      'an unknown flag that is like another one',
      ['init', '--virtual-server', '10.99.0.1:6443', '--json'],
      '--virtual-server: unknown flag; did you mean --vs?',
    ],
    ['a flag without its value', ['init', '--json', '--vs'], `Flag --vs expects a value; ${HELP}`],
  ])('%s', (_, args, message) => {
    const outcome = runProgram(args, { persistDir: tempDir() });
    expect(jsonOf(outcome)).toEqual({ error: { code: 'usage', message, suggestions: [] } });
    expect(outcome).toMatchObject({ exitCode: 64, stderr: '' });
  });
});

/** Of an IPv4 network that has one (not /31 and /32). */
function broadcastOf(cidr: string): string | undefined {
  const [address = '', prefix = '32'] = cidr.split('/');
  const hostBits = 32 - Number(prefix);
  if (hostBits < 2) return undefined;
  const number = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const last = Math.floor(number / 2 ** hostBits) * 2 ** hostBits + 2 ** hostBits - 1;
  return [24, 16, 8, 0].map(shift => (last >>> shift) & 255).join('.');
}

test.each(['ca-file', 'token-file'])('daemon: a file that was asked for is not done without: --%s', flag => {
  const args = ['daemon', ...VS, ...RS, '--discovery', 'static', `--${flag}`, '/nonexistent'];
  expect(refused(args)).toEqual({ exitCode: 64, sentence: `--${flag} /nonexistent: there is no such file` });
});
