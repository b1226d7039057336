// sync --from cluster against an apiserver on loopback: what it names and can be no master harms nobody else in the list.
import { execFile } from 'node:child_process';
import { afterAll, afterEach, expect, test } from 'vitest';
import { PROGRAM } from '../helpers/run-program.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { SLICES } from '../unit/discovery/apiserver.ts';
import { Harness, slice } from '../unit/discovery/harness.ts';

const harness = new Harness();
afterEach(() => harness.stopAll());
afterAll(() => harness.pki.remove());

/** A dry run; with no IPVS here only what was discovered can be looked at. */
async function sync(...named: string[]): Promise<{ code: unknown; stderr: string }> {
  const server = await harness.apiserver();
  server.set(SLICES, slice(...named));
  const [command = '', ...program] = PROGRAM;
  const flags = ['--from', 'cluster', '--dry-run', '--kubeconfig', harness.kubeconfig(server.port)];
  const args = [...program, 'sync', ...flags, '--vs', '10.99.0.1:6443', '--persist-dir', tempDir()];
  return new Promise(resolve =>
    execFile(command, args, { env: { PATH: process.env.PATH } }, (error, _stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stderr }),
    ),
  );
}

test('the VIP among the masters is told and ignored', async () => {
  const { stderr } = await sync('10.0.0.11', '10.99.0.1', '127.0.0.1');
  expect(stderr).toMatch(
    /^Warning: 10\.99\.0\.1:6443 is ignored: it is the VIP itself\nWarning: 127\.0\.0\.1:6443 is ignored: it is a loopback address\n/,
  );
  expect(stderr).not.toContain('--rs');
});

test('the VIP alone: nothing is changed', async () => {
  expect(await sync('10.99.0.1')).toEqual({
    code: 1,
    stderr:
      'Warning: 10.99.0.1:6443 is ignored: it is the VIP itself\nError: discovery names no master that could serve; nothing is changed\n',
  });
});
