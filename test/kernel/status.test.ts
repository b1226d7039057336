// What `status` says during each fault: the verdict, the first problem, the exit code. One node goes from fault to fault,
// each healed before the next.
import { expect, test } from 'vitest';
import { VIP4 } from '../lab/addresses.ts';
import { eventually } from '../lab/bounded.ts';
import { useLab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';
import type { RunResult } from '../lab/machine.ts';
import type { Master } from '../lab/master.ts';
import { otherCertificate } from '../lab/pki.ts';
import { runDaemon, startDaemon, weights } from './daemon-helpers.ts';

const lab = useLab();

const PERSISTED = '/root/.bcs/ipvsConfig.yaml';
const PROXY_VIP = `${VIP4}:6443`;

type Row = [fault: string, verdict: string, firstProblem: string | undefined, exitCode: number];

const EXPECTED: Row[] = [
  ['none', 'healthy', undefined, 0],
  ['a master refuses anonymous requests', 'healthy', 'probe-unauthorized', 0],
  ['a master is being drained', 'degraded', 'real-server-draining', 1],
  ['a master was killed', 'degraded', 'real-server-down', 1],
  ['a master lost power', 'degraded', 'real-server-down', 1],
  ['all masters hang', 'down', 'all-real-servers-down', 2],
  ['discovery fails for less than three minutes', 'healthy', undefined, 0],
  ['the persisted set was cut off', 'degraded', 'persisted-corrupt', 1],
  ['the persisted set and its copy were removed', 'degraded', 'persisted-missing', 1],
  ['without the right to look', 'unknown', 'not-permitted', 3],
  ['the daemon is stopped', 'degraded', 'daemon-stuck', 1],
  ['the daemon was killed', 'degraded', 'daemon-not-running', 1],
  ['another scheduler', 'degraded', 'scheduler-drift', 1],
  ['expire_nodest_conn is 0', 'degraded', 'expire-nodest-off', 1],
  ['a weight of 0', 'degraded', 'real-server-draining', 1],
  ['a foreign real server', 'degraded', 'real-server-unexpected', 1],
  ['a real server is gone', 'degraded', 'real-server-missing', 1],
  ['the VIP is an address of this host', 'degraded', 'vip-conflict', 1],
  ['the route is gone', 'down', 'route-missing', 2],
  ['the tables were emptied', 'down', 'virtual-server-missing', 2],
  ['a certificate without the VIP', 'degraded', 'vip-not-in-certificate', 1],
];

test('status names the cause of each fault first, while it lasts', async ({ skip }) => {
  skip(!lab.machine.disposable, 'it installs a boot service and removes the persisted set');
  const net = await lab.network({ masters: 3, defaultRoute: false });
  const { worker } = net;
  const [m1, m2, foreign] = net.masters as [Master, Master, Master];
  await net.startApiservers();
  await net.setEndpoints([m1.ipv4, m2.ipv4]);

  const seen: Row[] = [];
  const look = async (fault: string, run: () => Promise<RunResult> = () => status(worker)) => {
    const startedAt = await net.now();
    const { code, stdout, stderr } = await run();
    const tookMs = Math.round((await net.now()) - startedAt);
    expect(stderr, fault).toBe('');
    const report = JSON.parse(stdout);
    const { verdict, summary } = report;
    // The guest is emulated: it may well be short of CPU.
    const problems = report.problems.filter(({ code }: { code: string }) => code !== 'cpu-starved');
    console.log(`${fault}: exit ${code} after ${tookMs} ms, ${summary}`);
    seen.push([fault, verdict, problems[0]?.code, code ?? -1]);
    return { tookMs, report, problems: problems as { code: string; text: string }[] };
  };
  const servers = (wanted: Record<string, number>) =>
    eventually(`weights ${JSON.stringify(wanted)}`, async () => {
      const found = await weights(worker);
      const names = Object.keys(wanted);
      return Object.keys(found).length === names.length && names.every(name => found[name] === wanted[name]);
    });
  const [one, two] = [`${m1.ipv4}:6443`, `${m2.ipv4}:6443`];
  const both = { [one]: 1, [two]: 1 };
  const shell = (command: string): Promise<string> => worker.must(['bash', '-ec', command]);
  const ipvsadm = (operation: string, rest: string) => shell(`ipvsadm ${operation} -t ${PROXY_VIP} ${rest}`);

  // The API is at one master, so that the other's faults are not faults of discovery.
  const shape = { masters: [1, 2], server: `https://${two}`, args: ['--probe-interval', '500ms'] };
  const daemon = await startDaemon(lab.machine, net, shape);
  await worker.must([lab.machine.binary, 'install-service', '--no-start']);
  await servers(both);
  const sound = await look('none');
  const answer = { outcome: 'ready', certificate: { namesVip: true, verified: true } };
  expect(sound.report.realServers).toMatchObject([{ probe: answer }, { probe: answer }]);
  expect(sound.report.throughVip).toMatchObject(answer);
  expect([one, two]).toContain(sound.report.throughVip.realServer);

  await m1.control({ token: 'secret' });
  await look('a master refuses anonymous requests');
  await m1.control({ token: null, readyz: 500 });
  await servers({ [one]: 0, [two]: 1 });
  await look('a master is being drained');
  await m1.control({ readyz: 200 });
  await servers(both);

  m1.apiserver.kill('SIGKILL');
  await servers({ [two]: 1 });
  await look('a master was killed');
  await m1.startApiserver();
  await servers(both);
  await net.powerLoss(m1);
  await servers({ [two]: 1 });
  await look('a master lost power');
  await net.powerBack(m1);
  await servers(both);

  for (const { apiserver } of [m1, m2]) apiserver.kill('SIGSTOP');
  await daemon.waitForLine(line => line.includes('holding the last known good set'));
  const hanging = await look('all masters hang');
  // All answers together are waited for 1.5 s. On a machine of its own that is 2 s in all; the guest is emulated, and a
  // connection that takes 300 ms there is given more time, as one to a master that is far away.
  expect(hanging.tookMs - sound.tookMs).toBeLessThanOrEqual(8_000);
  for (const { apiserver } of [m1, m2]) apiserver.kill('SIGCONT');
  await servers(both);

  await m2.control({ fail: { endpointslices: 'forbidden' }, dropWatches: true });
  const quick = (): Promise<RunResult> => status(worker, '--no-probe');
  await look('discovery fails for less than three minutes', quick);
  await m2.control({ fail: { endpointslices: null } });

  await shell(`cp -a /root/.bcs /root/.bcs-kept; truncate -s -1 ${PERSISTED}`);
  await look('the persisted set was cut off', quick);
  await shell(`rm ${PERSISTED}*`);
  await look('the persisted set and its copy were removed', quick);
  await shell('rm -r /root/.bcs; mv /root/.bcs-kept /root/.bcs');

  const without = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin', lab.machine.binary];
  await look('without the right to look', () => worker.run([...without, 'status', '--json', '--no-probe']));

  daemon.kill('SIGSTOP');
  await look('the daemon is stopped', quick);
  daemon.kill('SIGKILL');
  await daemon.exited;
  await look('the daemon was killed', quick);

  await ipvsadm('-E', '-s wlc');
  await look('another scheduler', quick);
  await ipvsadm('-E', '-s sh -b sh-fallback');
  await shell('sysctl -qw net.ipv4.vs.expire_nodest_conn=0');
  await look('expire_nodest_conn is 0', quick);
  await shell('sysctl -qw net.ipv4.vs.expire_nodest_conn=1');
  await ipvsadm('-e', `-r ${one} -m -w 0`);
  await look('a weight of 0', quick);
  await ipvsadm('-e', `-r ${one} -m -w 1`);
  await ipvsadm('-a', `-r ${foreign.ipv4}:6443 -m`);
  await look('a foreign real server', quick);
  await ipvsadm('-d', `-r ${foreign.ipv4}:6443`);
  await ipvsadm('-d', `-r ${one}`);
  await look('a real server is gone', quick);
  await ipvsadm('-a', `-r ${one} -m`);
  await shell(`ip addr add ${VIP4}/32 dev eth0`);
  await look('the VIP is an address of this host', quick);
  await shell(`ip addr del ${VIP4}/32 dev eth0`);
  await shell(`ip route del local ${VIP4} table local`);
  await look('the route is gone');
  await shell('ipvsadm -C');
  await look('the tables were emptied', quick);
  await runDaemon(lab.machine, worker, shape, 2);
  await servers(both);

  m1.apiserver.kill('SIGKILL');
  await servers({ [two]: 1 });
  const other = otherCertificate({ addresses: [m1.ipv4], days: 10 });
  await shell('mkdir -p /tmp/other-pki');
  for (const [name, text] of Object.entries(other))
    await lab.machine.writeFile(`/tmp/other-pki/${name}`, text);
  await m1.startApiserver({ pki: '/tmp/other-pki' });
  await servers(both);
  const { problems } = await look('a certificate without the VIP');
  expect(problems.map(({ code }) => code)).toEqual(['vip-not-in-certificate', 'certificate-expiring']);
  expect(problems[1]?.text).toMatch(`the certificate of ${one} expires in 9 days`);

  expect(seen).toEqual(EXPECTED);
});

function status(host: LabHost, ...args: string[]): Promise<RunResult> {
  return host.proxy(['status', '--json', ...args]);
}
