// Invocations of the original program become ours: what is taken over, what is ignored and said to be, what is refused.
import { describe, expect, test } from 'vitest';
import { normalizeArguments } from '../../../src/cli/arguments.ts';

const TOOL = '/root/bcs-apiserver-proxy-tools';
const PROXY = '/root/bcs-apiserver-proxy';
const START = '/data/bcs/bcs-apiserver-proxy/container-start.sh';

async function translated(line: string, argv0 = PROXY, env: NodeJS.ProcessEnv = {}) {
  const { argv, notes } = await normalizeArguments(line.split(' ').filter(Boolean), argv0, env);
  return { argv: argv.join(' '), notes };
}

function oldForm(line: string): string {
  return `this is the old form of: bcs-apiserver-proxy ${line}`;
}

describe('what is ours stays as it is', () => {
  test.each([
    '',
    '--help',
    '-h',
    '--version',
    'init --vs 10.99.0.1:6443',
    'daemon -f x.json',
    '--vs 10.99.0.1:6443',
    '-x',
    'status -cmd init',
  ])('%j', async line => {
    expect(await translated(line)).toEqual({ argv: line, notes: [] });
  });

  test('a command under the old name, too', async () => {
    expect(await translated('status --json', TOOL)).toEqual({ argv: 'status --json', notes: [] });
  });
});

describe('the tool', () => {
  test.each([
    [
      '-cmd init -vs 10.99.0.1:6443 -rs 10.0.0.11:6443 -rs 10.0.0.12:6443 -rs 10.0.0.13:6443 -scheduler sh',
      'init --vs 10.99.0.1:6443 --rs 10.0.0.11:6443 --rs 10.0.0.12:6443 --rs 10.0.0.13:6443 --scheduler sh',
    ],
    ['-vs 10.99.0.1:6443 -rs 10.0.0.11:6443 -cmd init', 'init --vs 10.99.0.1:6443 --rs 10.0.0.11:6443'],
    [
      '--cmd=init --vs=10.99.0.1:6443 --rs=10.0.0.11:6443 --persistDir=/tmp/a=b',
      'init --vs 10.99.0.1:6443 --rs 10.0.0.11:6443 --persist-dir /tmp/a=b',
    ],
    ['-cmd reload', 'sync --from persisted --address-timeout 1m'],
    [
      '-cmd reload -persistDir /data/bcs',
      'sync --from persisted --address-timeout 1m --persist-dir /data/bcs',
    ],
    [
      '-cmd add -vs 10.99.0.1:6443 -rs 10.0.0.14:6443 -scheduler rr',
      'sync --add --vs 10.99.0.1:6443 --rs 10.0.0.14:6443 --scheduler rr',
    ],
    ['-cmd delete -vs 10.99.0.1:6443', 'clean --force --vs 10.99.0.1:6443'],
  ])('%s, by -cmd and by name', async (line, argv) => {
    const expected = { argv, notes: [oldForm(argv)] };
    expect(await translated(line, PROXY)).toEqual(expected);
    expect(await translated(line, TOOL)).toEqual(expected);
    expect(await translated(line, '/root/apiserver-proxy-tools')).toEqual(expected);
  });

  test('the last of a flag counts, as it did', async () => {
    const line = '-cmd add -cmd init -vs 10.99.0.9:6443 -vs 10.99.0.1:6443 -rs 10.0.0.11:6443';
    expect(await translated(line)).toMatchObject({ argv: 'init --vs 10.99.0.1:6443 --rs 10.0.0.11:6443' });
  });

  test('the line to type is quoted for a shell', async () => {
    const argv = [
      '-cmd',
      'init',
      '-vs',
      '[fd99::1]:6443',
      '-rs',
      '[fd00::11]:6443',
      '-persistDir',
      "/tmp/a b's",
    ];
    const { notes } = await normalizeArguments(argv, TOOL, {});
    expect(notes).toEqual([
      oldForm(`init --vs '[fd99::1]:6443' --rs '[fd00::11]:6443' --persist-dir '/tmp/a b'\\''s'`),
    ]);
  });

  test.each([
    [
      '-cmd init -vs 10.99.0.1:6443 -rs 10.0.0.11:6443 -toolPath /root/t -healthScheme https -healthPath /healthz',
      [
        '-toolPath is ignored: the boot service runs the file that init was started from',
        '-healthScheme is ignored: every real server that is named is added, and the daemon probes them',
        '-healthPath is ignored: every real server that is named is added, and the daemon probes them',
      ],
    ],
    [
      '-cmd reload -vs 10.99.0.1:6443 -scheduler rr',
      [
        '-vs is ignored: the persisted set is restored as it is',
        '-scheduler is ignored: the persisted set is restored as it is',
      ],
    ],
    [
      '-cmd delete -vs 10.99.0.1:6443 -rs 10.0.0.11:6443',
      ['-rs is ignored: the whole virtual server is taken away'],
    ],
  ])('%s: what is ignored is said', async (line, expected) => {
    const { notes } = await translated(line);
    expect(notes.slice(0, -1)).toEqual(expected);
  });

  test.each(['-h', '-help', '--help', '-cmd init --help'])(
    '%s is our help, and says what became of it',
    async line => {
      const { argv, notes } = await translated(line, TOOL);
      expect(argv).toBe('--help');
      expect(notes).toEqual([expect.stringContaining('-cmd init, reload, add and delete')]);
    },
  );

  test.each([
    ['', '-cmd: one of init, reload, add and delete is expected'],
    ['-vs 10.99.0.1:6443', '-cmd: one of init, reload, add and delete is expected'],
    ['-cmd start', '-cmd start: one of init, reload, add and delete is expected'],
    ['-cmd', '-cmd: its value is missing'],
    ['-cmd init -vs -rs 10.0.0.11:6443', '-vs: its value is missing'],
    [
      '-cmd init -rs 10.0.0.11:6443',
      '-vs: the virtual server is missing; give -vs VIP:PORT, for example 10.99.0.1:6443',
    ],
    ['-cmd delete', '-vs: the virtual server is missing; give -vs VIP:PORT, for example 10.99.0.1:6443'],
    [
      '-cmd init -vs 10.99.0.1:6443 -rs 10.0.0.11:6443 10.0.0.12:6443',
      '10.0.0.12:6443: a flag is expected, of the form -name value',
    ],
    [
      '-cmd init --dry-run',
      '--dry-run: unknown flag of the old form; it has -cmd -vs -rs -scheduler -persistDir -toolPath -healthScheme -healthPath',
    ],
  ])('%j is wrong usage', async (line, message) => {
    await expect(translated(line, TOOL)).rejects.toMatchObject({ message, exitCode: 64 });
  });
});

describe('the daemon', () => {
  test.each([
    ['-f proxy.json', 'daemon --config proxy.json'],
    ['--file=proxy.json', 'daemon --config proxy.json'],
    ['-f proxy.json -a 10.0.0.21 -p 8004', 'daemon --config proxy.json --listen 10.0.0.21:8004'],
    ['--address fd00::21 --port=8004', 'daemon --listen [fd00::21]:8004'],
    [
      '--virtualAddress 10.99.0.1:6443 --lvsScheduler rr --ipvsPersistDir /data',
      'daemon --vs 10.99.0.1:6443 --scheduler rr --persist-dir /data',
    ],
  ])('%s', async (line, argv) => {
    const { argv: ours, notes } = await translated(line);
    expect(ours).toBe(argv);
    expect(notes).toEqual([expect.stringMatching(/^this is the old form of: bcs-apiserver-proxy daemon/)]);
  });

  test('every other flag that it had is ignored, and said to be', async () => {
    const line =
      '-f x --log_dir d --log-max-size 1 --log_max_num 1 --logtostderr --alsologtostderr=false --v 3 --stderrthreshold 2 --vmodule x --log_backtrace_at x --pid_dir p --managerInterval 10 --ipv6_address ::1 --insecure_address x --insecure_port 1 --external_ip x --external-ipv6 x --external_port 1';
    const { argv, notes } = await translated(line);
    expect(argv).toBe('daemon --config x');
    expect(notes).toEqual([
      'key systemInterval is ignored: the API is watched instead of polled',
      'keys log_dir, log_max_size, log_max_num, logtostderr, alsologtostderr, v, stderrthreshold, vmodule, log_backtrace_at, pid_dir are ignored: logs go to standard output, and there is no PID file',
      'keys ipv6_address, insecure_address, insecure_port, external_ip, external_ipv6, external_port are ignored: nothing here corresponds',
      oldForm('daemon --config x'),
    ]);
  });
});

describe('the entry point of the container', () => {
  const ENV = {
    localIp: '10.0.0.21',
    bcsApiserverProxyPort: '8004',
    log_dir: '/data/bcs/logs/bcs',
    pid_dir: './',
    alsotostderr: 'true',
    log_level: '3',
    bcsApiserverProxyDebug: 'true',
    ipvsPersistDir: '/root/.bcs',
    virtualAddress: '10.103.97.2:6443',
    lvsScheduler: 'sh',
    healthScheme: 'https',
    healthPath: '/healthz',
    kubeMaster: '',
    kubeConfig: '',
    managerInterval: '10',
    BCS_CONFIG_TYPE: 'render',
  };
  const FILE = '-f /data/bcs/bcs-apiserver-proxy/bcs-apiserver-proxy.json';
  const FLAGS =
    'daemon --vs 10.103.97.2:6443 --scheduler sh --persist-dir /root/.bcs --listen 10.0.0.21:8004 --probe healthz';

  test('as its DaemonSet calls it: the variables are what the file would have said', async () => {
    expect(await translated(FILE, START, ENV)).toEqual({
      argv: FLAGS,
      notes: [
        'key systemInterval is ignored: the API is watched instead of polled',
        'key debugMode is ignored: there is no profiling over HTTP',
        'keys pid_dir, log_dir, alsologtostderr, v are ignored: logs go to standard output, and there is no PID file',
        oldForm(FLAGS),
      ],
    });
  });

  test('every variable that means something here', async () => {
    const env = {
      ...ENV,
      healthPath: '/health',
      kubeMaster: '10.0.0.11:6443',
      kubeConfig: '/etc/kubernetes/admin.conf',
    };
    const { argv } = await translated(FILE, START, env);
    expect(argv).toBe(
      'daemon --vs 10.103.97.2:6443 --scheduler sh --persist-dir /root/.bcs --kubeconfig /etc/kubernetes/admin.conf --server https://10.0.0.11:6443 --listen 10.0.0.21:8004 --probe readyz --probe-path /health',
    );
  });

  test('flags win over the variables', async () => {
    const { argv } = await translated(`${FILE} --port 9004 --lvsScheduler rr`, START, ENV);
    expect(argv).toBe(FLAGS.replace('8004', '9004').replace('--scheduler sh', '--scheduler rr'));
  });

  test('without BCS_CONFIG_TYPE=render the file is read, as it was', async () => {
    const { argv } = await translated(FILE, START, { ...ENV, BCS_CONFIG_TYPE: '' });
    expect(argv).toBe('daemon --config /data/bcs/bcs-apiserver-proxy/bcs-apiserver-proxy.json');
  });
});

test.each([
  '-cmd constructor',
  '-cmd __proto__',
  '-cmd toString -vs 10.99.0.1:6443',
  '-constructor x -cmd init',
])('%s: a name that every object has is no command, and no flag', async line => {
  await expect(translated(line, TOOL)).rejects.toMatchObject({ exitCode: 64 });
});
