// Records what ipvsadm and ip say to the kernel, as hex, for the golden netlink messages of the unit tests.
// Usage: node test/lab/capture-netlink.ts > test/golden/netlink/raw-strace.txt
import { bootMachine } from './boot.ts';
import { netns } from './topology.ts';

const NETNS = netns('capture');
const COMMANDS = [
  'ipvsadm -A -t 10.99.0.1:6443 -s sh -b sh-fallback,sh-port',
  'ipvsadm -A -t [fd99::1]:6443 -s rr',
  'ipvsadm -a -t 10.99.0.1:6443 -r 10.77.0.11:6443 -m -w 1',
  'ipvsadm -a -t 10.99.0.1:6443 -r 10.77.0.12:6443 -m -w 1',
  'ipvsadm -a -t [fd99::1]:6443 -r [fd77::11]:6443 -m -w 1',
  'ipvsadm -e -t 10.99.0.1:6443 -r 10.77.0.12:6443 -m -w 0',
  'ipvsadm -E -t 10.99.0.1:6443 -s rr',
  'ipvsadm -a -t 10.99.0.1:6443 -r 10.77.0.11:6443 -m -w 1', // exists already
  'ipvsadm -A -t 10.99.0.2:6443 -s no-such', // no such scheduler
  'ipvsadm -Ln',
  'ipvsadm -Ln -t 10.99.0.1:6443',
  'ipvsadm -d -t 10.99.0.1:6443 -r 10.77.0.12:6443',
  'ipvsadm -d -t 10.99.0.1:6443 -r 10.77.0.99:6443', // no such destination
  'ipvsadm -D -t 10.99.0.1:6443',
  'ip route replace local 10.99.0.1/32 dev lo src 10.77.0.10 table local',
  'ip route replace local 10.99.0.1/32 dev lo src 10.77.0.250 table local', // not our address
  'ip route get 10.77.0.11',
  'ip route get 192.0.2.1', // unreachable
  'ip route show table local',
  'ip route del local 10.99.0.1/32 dev lo table local',
  'ip -6 route replace local fd99::1/128 dev lo table local',
  'ip -6 route get fd77::11',
  'ip -6 route show table local',
  'ip -6 route del local fd99::1/128 dev lo table local',
];
// `read=all` and `write=all`: a dump of every byte, which strace's own decoding of netlink would hide.
const TRACE = 'trace=sendto,sendmsg,recvfrom,recvmsg';
const STRACE = ['strace', '-e', TRACE, '-e', 'read=all', '-e', 'write=all'];

/** From strace's dumps: a row of hex for each 16 bytes, `>` to the kernel, `<` from it, messages apart. */
function hexRows(trace: string): string {
  const rows: string[] = [];
  let direction = '';
  for (const line of trace.split('\n')) {
    const call = /^(send|recv)\w+\(/.exec(line);
    if (call !== null) {
      const peek = line.includes('MSG_PEEK'); // libraries ask for the length first
      direction = peek ? '' : call[1] === 'send' ? '>' : '<';
      if (!peek) rows.push('');
    }
    const dump = /^ \| [0-9a-f]+ {2}((?:[0-9a-f]{2} {1,2})+)/.exec(line);
    if (dump !== null && direction !== '') rows.push(`${direction} ${dump[1]?.trim().replace(/ +/g, ' ')}`);
  }
  return rows.join('\n');
}

const machine = await bootMachine();
try {
  const setup = [
    'modprobe ip_vs',
    `ip netns add ${NETNS}`,
    `ip -n ${NETNS} link set lo up`,
    `ip -n ${NETNS} link add eth0 type veth peer name peer0`,
    `ip -n ${NETNS} link set peer0 up`,
    `ip -n ${NETNS} addr add 10.77.0.10/24 dev eth0`,
    `ip -n ${NETNS} addr add fd77::10/64 dev eth0 nodad`,
    `ip -n ${NETNS} link set eth0 up`,
  ];
  await machine.must(['bash', '-e'], { input: setup.join('\n') });
  const versions = ['uname -rv', 'ipvsadm --version', 'ip -V'].join('; ');
  console.log((await machine.must(['bash', '-c', versions])).trimEnd().replace(/^/gm, '# '));
  for (const command of COMMANDS) {
    const result = await machine.run([...STRACE, '-o', '/tmp/trace', ...command.split(' ')], {
      netns: NETNS,
    });
    console.log(`\n## ${command}\n# exit ${result.code}`);
    const said = `${result.stdout}${result.stderr}`.trimEnd();
    if (said !== '') console.log(said.replace(/^/gm, '# '));
    console.log(hexRows(await machine.readFile('/tmp/trace')));
  }
  await machine.must(['ip', 'netns', 'delete', NETNS]);
} finally {
  await machine.close();
}
