// Hosts and clusters as they are: certificates made by hand, nowhere to execute native code, a full tracking table.
import { expect, test } from 'vitest';
import { eventually } from '../lab/bounded.ts';
import { EVERY_SCENARIO } from '../lab/every.ts';
import { useLab } from '../lab/lab.ts';
import type { Master } from '../lab/master.ts';
import { otherCertificate } from '../lab/pki.ts';
import { startDaemon, weights } from './daemon-helpers.ts';
import { initArgs, realServerOf } from './helpers.ts';

const lab = useLab();

async function codesOf(status: Promise<{ stdout: string }>): Promise<string[]> {
  return JSON.parse((await status).stdout).problems.map(({ code }: { code: string }) => code);
}

const ADDRESSES_ONLY = 'that name the masters by address only';

test.each([
  [6, ADDRESSES_ONLY, 'vip-not-in-certificate', { names: [] }],
  ...(EVERY_SCENARIO ? ([[4, ADDRESSES_ONLY, 'vip-not-in-certificate', { names: [] }]] as const) : []),
  [4, 'of another CA than that of the kubeconfig', 'certificate-unverified', { stranger: true }],
] as const)(
  'IPv%i, certificates %s: who is alive serves, who dies is taken out, and status says %s',
  async (family, _, code, made) => {
    const addressOf = ({ ipv4, ipv6 }: Master): string => (family === 4 ? ipv4 : ipv6);
    const net = await lab.network({ masters: 3 });
    for (const master of net.masters) {
      const pki = `/tmp/pki-${master.name}`;
      await lab.machine.must(['mkdir', '-p', pki]);
      const files = otherCertificate({ addresses: [addressOf(master)], days: 365, ...made });
      for (const [name, text] of Object.entries(files)) await lab.machine.writeFile(`${pki}/${name}`, text);
      await master.startApiserver({ pki });
    }
    await net.setEndpoints(net.masters.map(addressOf));
    await startDaemon(lab.machine, net, { family });
    expect(await codesOf(net.worker.proxy(['status', '--json']))).toContain(code);
    net.master(2).apiserver.kill('SIGKILL');
    await eventually(
      'the dead master is out',
      async () => !(realServerOf(net, 2, family) in (await weights(net.worker))),
    );
    expect(Object.keys(await weights(net.worker))).toHaveLength(2);
  },
);

test('nothing may be executed from /dev/shm, /run, /tmp and /var/tmp: the persist directory serves, and without it status cannot tell', async () => {
  const net = await lab.network({ masters: 1 });
  await net.startApiservers();
  const mounts = ['/dev/shm', '/run', '/tmp', '/var/tmp'].map(
    path => `mount -t tmpfs -o noexec tmpfs ${path}`,
  );
  const script = [...mounts, 'exec "$@"'].join('\n');
  const proxy = (...args: string[]) =>
    net.worker.run(['unshare', '-m', 'bash', '-ec', script, '-', lab.machine.binary, ...args]);
  expect(await proxy(...initArgs(net))).toMatchObject({ code: 0, stderr: '' });
  expect((await proxy(...initArgs(net), '--persist-dir', '/root/elsewhere')).code).toBe(0);
  await lab.machine.must(['rm', '-r', '/root/elsewhere']);
  const status = await proxy('status', '--persist-dir', '/run/persist');
  expect(status).toMatchObject({ code: 3, stdout: '' });
  expect(status.stderr).toMatch(
    /^Error: no directory in which native code can be written and executed, tried /,
  );
  expect(status.stderr).not.toContain('    at ');
});

test('connection tracking that is full is named by status', async () => {
  const net = await lab.network({ masters: 1 });
  await net.startApiservers();
  await net.worker.proxy(initArgs(net));
  const chain = 'type filter hook output priority 0';
  const rule = `table inet tracked { chain output { ${chain}; ct state established accept; }; }`;
  await net.worker.must(['nft', rule]);
  await net.worker.requests({ count: 2 });
  const limit = 'net.netfilter.nf_conntrack_max';
  const before = (await lab.machine.must(['sysctl', '-n', limit])).trim();
  const look = () => codesOf(net.worker.proxy(['status', '--json', '--no-probe']));
  expect(await look()).not.toContain('conntrack-full');
  await lab.machine.must(['sysctl', '-qw', `${limit}=1`]);
  try {
    expect(await look()).toContain('conntrack-full');
  } finally {
    await lab.machine.must(['sysctl', '-qw', `${limit}=${before}`]);
  }
});
