// The demo: every command that is shown is run on a real IPVS kernel, and what is printed is what it printed.
import chalk from 'chalk';
import { bootMachine } from '../test/lab/boot.ts';
import { KUBECONFIG, writeKubeconfig } from '../test/lab/kubeconfig.ts';
import type { LabHost, RunningClient } from '../test/lab/lab-host.ts';
import { Network } from '../test/lab/network.ts';
import { byMaster, type Outcome } from '../test/lab/outcome.ts';

const VIP = '10.99.0.1:6443';

function say(text: string): void {
  process.stdout.write(`\n${chalk.bold(text)}\n`);
}

/** A command as a person would type it. */
function prompt(host: LabHost, command: string): void {
  process.stdout.write(`\n  ${chalk.dim(`${host.name}#`)} ${chalk.cyan(command)}\n`);
}

/** Runs the packed binary on a host and shows both. */
async function show(host: LabHost, ...args: string[]): Promise<void> {
  prompt(host, `bcs-apiserver-proxy ${args.join(' ')}`);
  const { stdout, stderr, code } = await host.proxy(args);
  const lines = `${stdout}${stderr}`.trimEnd().split('\n');
  process.stdout.write(`${lines.map(line => `    ${line}`).join('\n')}\n    (exit code ${code})\n`);
}

async function showShell(host: LabHost, command: string): Promise<void> {
  prompt(host, command);
  process.stdout.write((await host.must(['bash', '-ec', command])).replaceAll(/^/gm, '    '));
}

async function showRequests(host: LabHost, count: number): Promise<void> {
  const outcomes = await host.requests({ count });
  const good = outcomes.filter(({ ok }) => ok).length;
  const shares = Object.entries(byMaster(outcomes)).map(([master, answers]) => `${master} ${answers}`);
  say(`${good} of ${count} requests to https://${VIP} answered: ${shares.sort().join(', ')}`);
}

/** Asks every 250 ms while `strike` happens, and says what a client noticed. */
async function watchWhile(
  host: LabHost,
  net: Network,
  what: string,
  strike: (master: string) => Promise<void> | void,
): Promise<string> {
  const client = await host.client('fresh', { timeoutMs: 1_000 });
  const { master = '?' } = await client.waitFor(({ ok }) => ok);
  const at = await net.now();
  say(`${what} ${master}, which answers this worker now.`);
  await strike(master);
  await client.waitFor(outcome => outcome.ok && outcome.master !== master && outcome.at > at, 60_000);
  const outcomes = await lastOutcomes(client, at);
  const failed = outcomes.filter(({ ok }) => !ok);
  const last = failed.at(-1);
  const seconds = last === undefined ? 0 : (last.at + last.ms - at) / 1000;
  const next = outcomes.findLast(({ ok }) => ok)?.master;
  say(
    `A client that opens a connection every 250 ms: ${failed.length} failed within ${seconds.toFixed(1)} s of the fault, then ${next} answered.`,
  );
  return `${failed.length} of ${outcomes.length} connections failed, the last ${seconds.toFixed(1)} s after the fault`;
}

async function lastOutcomes(client: RunningClient, since: number): Promise<Outcome[]> {
  return (await client.stop()).filter(({ at }) => at >= since - 500);
}

async function tell(net: Network, machine: Awaited<ReturnType<typeof bootMachine>>): Promise<void> {
  const { worker, masters } = net;
  say('A worker and three masters, each with a stand-in for kube-apiserver. The worker has nothing yet.');
  await net.startApiservers();
  await show(worker, 'status');

  say('One command sets it up.');
  const realServers = masters.flatMap(({ ipv4 }) => ['--rs', `${ipv4}:6443`]);
  await show(worker, 'init', '--vs', VIP, ...realServers, '--scheduler', 'rr');
  await showRequests(worker, 12);
  await show(worker, 'status');

  say('The same command again changes nothing.');
  await show(worker, 'init', '--vs', VIP, ...realServers, '--scheduler', 'rr');

  say('The kernel tables are emptied. One command restores them without asking any master.');
  await showShell(worker, 'ipvsadm -C; ip route del local 10.99.0.1 table local');
  await show(worker, 'sync', '--from', 'persisted');
  await showRequests(worker, 6);

  say(
    'Now the daemon, with one master for all connections (scheduler sh). Its own API access goes through the VIP, too.',
  );
  await show(worker, 'init', '--vs', VIP, ...realServers);
  await writeKubeconfig(machine, `https://${VIP}`);
  const daemon = await worker.startProxy([
    'daemon',
    '--vs',
    VIP,
    '--kubeconfig',
    KUBECONFIG,
    '--log-format',
    'text',
  ]);
  prompt(worker, `bcs-apiserver-proxy daemon --vs ${VIP} --kubeconfig ${KUBECONFIG} &`);
  for (const { ipv4 } of masters)
    await daemon.waitForLine(line => line.includes(`${ipv4}:6443 is ready`), 30_000);
  const killed = await watchWhile(worker, net, 'Killing the apiserver of', name => {
    masters.find(master => master.name === name)?.apiserver.kill('SIGKILL');
  });
  // With one real server less, scheduler sh may choose another one for this node.
  await daemon.waitForLine(line => line.includes('remove real server'), 60_000);
  const unplugged = await watchWhile(worker, net, 'Pulling the plug of', async name => {
    const master = masters.find(each => each.name === name);
    if (master !== undefined) await net.powerLoss(master);
  });
  await show(worker, 'status');
  say('What the daemon said:');
  process.stdout.write(daemon.stdout.replaceAll(/^/gm, '    '));

  say('Stopping the daemon changes nothing in the kernel. clean removes everything again.');
  daemon.kill('SIGTERM');
  await daemon.exited;
  await show(worker, 'clean', '--purge');
  await showShell(worker, 'ipvsadm -Sn; ip route show table local | grep -c 10.99.0.1 || true');

  say('What a client of this node noticed:');
  process.stdout.write(`    apiserver killed  ${killed}\n    power loss        ${unplugged}\n`);
  say('Next: docs/guide.md sets up real nodes; scripts/test runs every scenario of this kind.');
}

say(
  'Booting a Debian kernel with IPVS in an emulated machine (the first time its disk is made, about a minute).',
);
const machine = await bootMachine();
try {
  const net = await Network.build(machine, { masters: 3 });
  await tell(net, machine);
} catch (error) {
  console.error(machine.log());
  throw error;
} finally {
  await machine.close();
}
