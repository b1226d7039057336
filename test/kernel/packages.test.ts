// The deb on a host whose process 1 is a real systemd: installed, set up, upgraded and removed. What dpkg and rpm do to files,
// and what they tell systemd, has tests of its own (binary/packages.test.ts).
import { expect } from 'vitest';
import { BINARY_PATH } from '../../scripts/packaging/image/config.ts';
import { debName, VERSION } from '../../scripts/packaging/release/version.ts';
import { DAEMON_UNIT, RESTORE_UNIT } from '../../src/lib/systemd/unit.ts';
import { releaseFile } from '../binary/release.ts';
import { VIP4 } from '../lab/addresses.ts';
import { longTest } from '../lab/every.ts';
import { writeKubeconfig } from '../lab/kubeconfig.ts';
import { logWhenFailed, useLab } from '../lab/lab.ts';

const lab = useLab({ init: 'systemd', files: { 'package.deb': releaseFile(debName(VERSION, 'x64')) } });

const VS = `${VIP4}:6443`;
const MASTERS = ['--rs', '10.77.0.11:6443', '--rs', '10.77.0.12:6443'];
const ADDRESS =
  'ip link add eth0 type veth peer name peer0; ip address add 10.77.0.10/24 dev eth0; ip link set peer0 up; ip link set eth0 up';
const UNPACK_MS = 180_000;

longTest(
  'installed, set up, upgraded while the daemon runs, and removed: the rules are never touched',
  async () => {
    logWhenFailed(lab.machine);
    const { machine } = lab;
    const dpkg = (...args: string[]) => machine.must(['dpkg', ...args], { timeoutMs: UNPACK_MS });
    const systemctl = (...args: string[]) => machine.must(['systemctl', ...args]);
    const property = async (unit: string, name: string): Promise<string> =>
      (await systemctl('show', '--value', '-p', name, unit)).trim();
    const rules = () => machine.must(['ipvsadm', '-Sn']);

    await machine.must(['bash', '-ec', ADDRESS]);
    await dpkg('--install', '/root/package.deb');
    for (const unit of [RESTORE_UNIT, DAEMON_UNIT]) {
      expect(await property(unit, 'FragmentPath')).toMatch(/^(\/usr)?\/lib\/systemd\/system\//);
      expect(await property(unit, 'UnitFileState')).toBe('disabled');
    }
    const { code, stderr } = await machine.run([BINARY_PATH, 'init', '--vs', VS, ...MASTERS]);
    expect(code, stderr).toBe(0);
    expect(await property(RESTORE_UNIT, 'UnitFileState')).toBe('enabled');

    // Where kubeadm has it, as the package's unit expects.
    await writeKubeconfig(machine, `https://${VS}`);
    await machine.must([
      'bash',
      '-ec',
      'mkdir -p /etc/kubernetes; mv /tmp/kubeconfig /etc/kubernetes/kubelet.conf',
    ]);
    await systemctl('enable', '--now', DAEMON_UNIT);
    expect(await property(DAEMON_UNIT, 'FragmentPath')).toMatch(/^(\/usr)?\/lib\/systemd\/system\//);
    expect(await property(DAEMON_UNIT, 'StatusText')).toBe(`keeping ${VS}`);
    const set = await rules();
    expect(set.match(/^-a /gm)).toHaveLength(2);

    const before = await property(DAEMON_UNIT, 'MainPID');
    await dpkg('--install', '/root/package.deb');
    expect(await property(DAEMON_UNIT, 'ActiveState')).toBe('active');
    expect(await property(DAEMON_UNIT, 'MainPID')).not.toBe(before);
    expect(await rules()).toBe(set);

    await dpkg('--remove', 'bcs-apiserver-proxy');
    expect(await property(DAEMON_UNIT, 'ActiveState')).toBe('inactive');
    expect(await property(DAEMON_UNIT, 'LoadState')).toBe('not-found');
    expect(await rules()).toBe(set);
  },
);
