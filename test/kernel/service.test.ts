// A node with systemd boots, with every master off: the boot restore, the daemon as a service, and hosts where neither
// can be installed. The services run in the network of the guest itself.
import { dirname } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { STATIC_POD_FILE } from '../../src/lib/host/paths.ts';
import { VIP4 } from '../lab/addresses.ts';
import { eventually } from '../lab/bounded.ts';
import { logWhenFailed, useLab } from '../lab/lab.ts';

const lab = useLab({ init: 'systemd' });

const RESTORE = 'bcs-apiserver-proxy.service';
const DAEMON = 'bcs-apiserver-proxy-daemon.service';
const VS = `${VIP4}:6443`;
const MASTERS = ['10.77.0.11:6443', '10.77.0.12:6443', '10.77.0.13:6443'];
const rs = (...masters: string[]): string[] => masters.flatMap(master => ['--rs', master]);

const ADDRESS = [
  'ip link add eth0 type veth peer name peer0',
  'ip addr add 10.77.0.10/24 dev eth0',
  'ip link set peer0 up',
  'ip link set eth0 up',
];

const proxy = (...args: string[]) => lab.machine.run([lab.machine.binary, ...args]);
const shell = (...lines: string[]) => lab.machine.must(['bash', '-ec', lines.join('\n')]);
const rules = (): Promise<string> => lab.machine.must(['ipvsadm', '-Sn']);
const SYSCTL = ['sysctl', 'net.ipv4.vs.conntrack', 'net.ipv4.vs.expire_nodest_conn'];
const sorted = (text: string): string[] => text.trim().split('\n').sort();

async function property(unit: string, name: string): Promise<string> {
  return (await lab.machine.must(['systemctl', 'show', '--value', '-p', name, unit])).trim();
}

async function journal(unit: string): Promise<string> {
  return lab.machine.must(['journalctl', '-b', '-o', 'cat', '-u', unit]);
}

/** Everything under the directories that a service could leave something in. */
function listing(): Promise<string> {
  return shell(
    'find /etc /run/systemd/system /usr/lib/systemd -printf "%p %l\\n" | sort',
    'systemctl list-unit-files --no-legend --no-pager',
  );
}

/** What stands for kubelet notes how the kernel was when it started. */
const KUBELET = `[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/bash -ec 'ipvsadm -Sn > /var/kubelet-rules; ip route show table local > /var/kubelet-routes'
[Install]
WantedBy=multi-user.target
`;

/** The network comes 10 s after the tables were there; until then nobody is waited for. */
const LATE_ADDRESS = `[Service]
Type=exec
ExecStart=/bin/bash -ec 'until ipvsadm -Sn | grep -q -- -a; do sleep 0.2; done; ipvsadm -Sn > /var/early-rules; ip route show table local > /var/early-routes; systemctl is-active kubelet > /var/early-kubelet || true; sleep 10; ${ADDRESS.join('; ')}'
[Install]
WantedBy=multi-user.target
`;

/** As the guest came. */
let before: string;

describe('the boot restore', () => {
  test('tables at once, the route when the address comes, kubelet after both; a torn file is no obstacle', async () => {
    logWhenFailed(lab.machine);
    before = await listing();
    await shell(...ADDRESS);
    const init = await proxy('init', '--vs', VS, ...rs(...MASTERS.slice(0, 2)));
    expect(init).toMatchObject({ code: 0, stderr: '' });
    expect(init.stdout).toContain(
      `boot service: write /etc/systemd/system/${RESTORE}; enable ${RESTORE}; start ${RESTORE}\n`,
    );
    expect(await proxy('sync', ...rs(...MASTERS))).toMatchObject({ code: 0 });
    expect(await property(RESTORE, 'UnitFileState')).toBe('enabled');
    expect((await property(RESTORE, 'Before')).split(' ')).toContain('kubelet.service');
    expect(await lab.machine.run(['systemd-analyze', 'verify', RESTORE])).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect((await proxy('install-service')).stdout).toBe(`unchanged  boot service\nunchanged: ${RESTORE}\n`);
    const [set, routes] = [sorted(await rules()), await shell('ip route show table local')];

    await lab.machine.writeFile('/etc/systemd/system/kubelet.service', KUBELET);
    await lab.machine.writeFile('/etc/systemd/system/late-address.service', LATE_ADDRESS);
    await shell('systemctl enable kubelet late-address 2>&1');
    await lab.machine.reboot();
    await eventually('kubelet', async () => (await property('kubelet', 'ActiveState')) === 'active', {
      everyMs: 500,
    });
    const seen = (name: string) => lab.machine.readFile(`/var/${name}`);
    expect(sorted(await seen('early-rules'))).toEqual(set);
    expect(await seen('early-routes')).not.toContain(VIP4);
    expect(await seen('early-kubelet')).toBe('inactive\n');
    expect(sorted(await seen('kubelet-rules'))).toEqual(set);
    expect(sorted(await seen('kubelet-routes'))).toEqual(sorted(routes));
    const waited = /waited (\d+) s for an address; add local route 10\.99\.0\.1, source 10\.77\.0\.10/;
    expect(Number(waited.exec(await journal(RESTORE))?.[1])).toBeGreaterThanOrEqual(9);

    await shell(
      'systemctl disable --now kubelet late-address 2>&1',
      'rm /etc/systemd/system/{kubelet,late-address}.service',
      'ipvsadm -C',
      `ip route del local ${VIP4} table local`,
    );
    await lab.machine.writeFile('/root/.bcs/ipvsConfig.yaml', 'rs:\n  - 10.77.0.11:6443\nsched');
    await shell(`systemctl restart ${RESTORE}`);
    expect(await journal(RESTORE)).toContain(
      '/root/.bcs/ipvsConfig.yaml cannot be used: it was cut off: no newline ends its last line; using /root/.bcs/ipvsConfig.yaml.prev',
    );
    expect(sorted(await rules())).toEqual(set.filter(line => !line.includes('10.77.0.13')));
  });

  test('no address within the time: the tables are there, the exit code is 1 and one sentence says what is missing', async () => {
    logWhenFailed(lab.machine);
    const sync = async (vs: string, realServer: string) => {
      await lab.machine.writeFile(
        '/tmp/bcs/ipvsConfig.yaml',
        `rs:\n  - "${realServer}"\nscheduler: sh\nvs: "${vs}"\n`,
      );
      const command = `${lab.machine.binary} sync --from persisted --persist-dir /tmp/bcs --address-timeout 1s`;
      const script = `ip link set lo up; ${command}; code=$?; ipvsadm -Sn; ip -6 route show table local; exit $code`;
      return lab.machine.run(['unshare', '--net', 'bash', '-c', script]);
    };
    await shell('mkdir -p /tmp/bcs');
    const late = await sync(VS, '10.77.0.11:6443');
    expect(late).toMatchObject({ code: 1 });
    expect(late.stdout).toContain('-a -t 10.99.0.1:6443 -r 10.77.0.11:6443 -m -w 1');
    expect(late.stderr).toContain(
      'Error: no real server can be reached by any route, so no source address can be chosen for the local route of the VIP\n',
    );
    // IPv6 needs no source address.
    const six = await sync('[fd99::1]:6443', '[fd77::11]:6443');
    expect(six).toMatchObject({ code: 0, stderr: '' });
    expect(six.stdout).toContain('local fd99::1 dev lo');
  });
});

describe('the daemon as a service', () => {
  test('is started again after kill -9 and by the watchdog, and never touches the rules; nothing is left of it', async () => {
    logWhenFailed(lab.machine);
    // Sooner than the unit has it, to save 10 s.
    const dropIn = `/run/systemd/system/${DAEMON}.d`;
    await shell(`mkdir -p ${dropIn}`, `printf '[Service]\\nWatchdogSec=5s\\n' > ${dropIn}/watchdog.conf`);
    // Without probes: how masters are judged is not the subject.
    const args = ['--vs', VS, '--discovery', 'static', ...rs(...MASTERS), '--probe', 'none'];
    const install = await proxy('install-service', '--role', 'daemon', ...args);
    expect(install.stdout, install.stderr).toBe(
      `changed    daemon service: write /etc/systemd/system/${DAEMON}; enable ${DAEMON}; start ${DAEMON}\ndone: ${DAEMON}\n`,
    );
    expect(await property(DAEMON, 'ActiveState')).toBe('active');
    expect(await property(DAEMON, 'StatusText')).toBe(`keeping ${VS}`);
    await shell(`mkdir -p ${dirname(STATIC_POD_FILE)}`, `touch ${STATIC_POD_FILE}`);
    const beside = await proxy('install-service', '--role', 'daemon', ...args);
    expect(beside.stdout).toContain(`warning    daemon service: ${STATIC_POD_FILE} is there as well`);
    await shell('rm -r /etc/kubernetes');
    const set = await eventually('all masters', async () => {
      const found = sorted(await rules());
      return found.length === 1 + MASTERS.length && found;
    });
    expect(await lab.machine.run(['systemd-analyze', 'verify', DAEMON])).toMatchObject({
      code: 0,
      stderr: '',
    });
    const security = await lab.machine.must(['systemd-analyze', 'security', '--no-pager', DAEMON]);
    const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(security);
    console.log(exposure?.[0]);
    expect(Number(exposure?.[1]), security).toBeLessThanOrEqual(3);

    // It may do what it is there for, kernel parameters included.
    await shell('sysctl -qw net.ipv4.vs.conntrack=0');
    await eventually(
      'repair of a parameter',
      async () => (await shell('sysctl -n net.ipv4.vs.conntrack')) === '1\n',
    );
    // Lines have priorities, and are JSON in the journal all the same.
    const warnings = async () =>
      (await lab.machine.must(['journalctl', '-b', '-o', 'cat', '-p', 'warning', '-u', DAEMON]))
        .trim()
        .split('\n');
    await eventually('the repair is a warning of the journal', async () =>
      (await warnings()).some(line => line.includes('set net.ipv4.vs.conntrack = 1')),
    );
    const levels = (await warnings())
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line).level);
    expect(levels.filter(level => level === 'info')).toEqual([]);
    expect(await journal(DAEMON)).toContain(`keeps ${VS}","scheduler":"sh"`);

    const restartsAfter = async (signal: string, timeoutMs: number): Promise<number> => {
      const pid = await property(DAEMON, 'MainPID');
      const at = performance.now();
      await shell(`systemctl kill -s ${signal} ${DAEMON}`);
      await eventually(
        `restart after ${signal}`,
        async () => {
          expect(sorted(await rules())).toEqual(set);
          return (
            (await property(DAEMON, 'MainPID')) !== pid &&
            (await property(DAEMON, 'ActiveState')) === 'active'
          );
        },
        { timeoutMs, everyMs: 500 },
      );
      return Math.round(performance.now() - at);
    };
    console.log(`started again ${await restartsAfter('KILL', 60_000)} ms after SIGKILL`);
    console.log(`started again ${await restartsAfter('STOP', 90_000)} ms after SIGSTOP, by the watchdog`);
    expect(await journal(DAEMON)).toContain('Watchdog timeout');

    const removal = await proxy('install-service', '--uninstall');
    expect(removal.stdout).toContain(
      `stop ${DAEMON}; disable ${DAEMON}; remove /etc/systemd/system/${DAEMON}\n`,
    );
    expect(sorted(await rules())).toEqual(set);

    const daemon = await lab.machine.spawn([lab.machine.binary, 'daemon', ...args, '--listen', 'none']);
    const clean = await proxy('clean');
    expect(clean.stdout).toContain(
      `warning    services: a daemon runs (process ${daemon.pid}) and makes again within a second what is removed`,
    );
    daemon.kill('SIGKILL');
    await daemon.exited;
    expect(await proxy('clean', '--vs', VS, '--purge')).toMatchObject({ code: 0, stderr: '' });
    expect(await rules()).toBe('');
    await shell(`rm -r ${dropIn}`);
    expect(await listing()).toBe(before);
  });
});

describe('hosts where a service cannot be installed', () => {
  const NO_SYSTEMD = 'mount -t tmpfs none /run/systemd';
  const OWN_ETC = 'cp -a /etc /tmp/etc; mount --bind /tmp/etc /etc';
  const READ_ONLY_ETC = 'mount --bind /etc /etc; mount -o remount,ro,bind /etc';

  test('read-only /etc, without systemd and with it: clear errors, and nothing half-done', async () => {
    const net = await lab.network({ masters: 1 });
    onTestFinished(() => shell('rm -rf /tmp/etc').then(() => {}));
    await shell('modprobe ip_vs');
    const under = (mounts: string[], args: string[], after = '') =>
      net.worker.run([
        ...['unshare', '-m', 'bash', '-ec', `${mounts.join('\n')}\n"$@"\n${after}`, 'sh'],
        ...[lab.machine.binary, ...args],
      ]);
    const init = ['init', '--vs', VS, ...rs(...MASTERS)];
    const readOnly = 'cannot be written: the file system is read-only\n';
    // IPv4: link-local IPv6 addresses appear in their own time.
    const state = async () => [
      await net.worker.rules(),
      await net.worker.localRoutes(),
      await net.worker.must(SYSCTL),
    ];
    const untouched = await state();

    expect(await under([NO_SYSTEMD, READ_ONLY_ETC], init)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `Error: /etc/modules-load.d/bcs-apiserver-proxy.conf ${readOnly}`,
    });
    const install = ['install-service', '--no-start'];
    expect(await under([NO_SYSTEMD, READ_ONLY_ETC], install)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `Error: /etc/rc.local ${readOnly}`,
    });
    expect(await under([READ_ONLY_ETC], install)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `Error: /etc/systemd/system/${RESTORE} ${readOnly}`,
    });
    const daemon = await under([NO_SYSTEMD], ['install-service', '--role', 'daemon', '--vs', VS]);
    expect(daemon).toMatchObject({ code: 1, stdout: '' });
    expect(daemon.stderr).toContain('Error: the role daemon needs systemd, which does not run on this host');
    const inside = [
      'unshare',
      '-m',
      '--pid',
      '--fork',
      '--mount-proc',
      'bash',
      '-ec',
      `${NO_SYSTEMD}; "$@"`,
      'sh',
    ];
    expect(await net.worker.run([...inside, lab.machine.binary, ...install])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('cannot be installed from inside a container'),
    });
    expect(await state()).toEqual(untouched);
    expect((await lab.machine.run(['ls', '/root/.bcs', '/etc/rc.local'])).stdout).toBe('');

    // What is there already stays usable: the boot restore works, and clean says what it cannot take away.
    expect(await net.worker.proxy([...init, '--no-service'])).toMatchObject({ code: 0 });
    const set = await state();
    await net.worker.must([
      'bash',
      '-ec',
      `rm /etc/sysctl.d/90-bcs*; ipvsadm -C; ip route del local ${VIP4} table local`,
    ]);
    const sync = await under([READ_ONLY_ETC], ['sync', '--from', 'persisted']);
    expect(sync).toMatchObject({ code: 0, stderr: '' });
    expect(sync.stdout).toContain(`kernel parameters: /etc/sysctl.d/90-bcs-apiserver-proxy.conf ${readOnly}`);
    expect(await state()).toEqual(set);
    expect(await under([READ_ONLY_ETC], ['clean'])).toMatchObject({ code: 1, stdout: '' });
    expect(await state()).toEqual(set);

    // Without systemd a block of /etc/rc.local does it.
    await net.worker.must(['bash', '-ec', `ipvsadm -C; ip route del local ${VIP4} table local`]);
    const block = await under([NO_SYSTEMD, OWN_ETC], init, 'ipvsadm -C\n/etc/rc.local');
    expect(block).toMatchObject({ code: 0 });
    expect(block.stdout).toMatch(/^changed +boot service: write our block to \/etc\/rc\.local$/m);
    await eventually('rules from rc.local', async () => (await net.worker.rules()) === set[0]);
  });
});
