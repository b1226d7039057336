// A Debian of essential packages to install packages on: a directory, made once with mmdebstrap and copied for each test.
// systemctl is a script that writes down what it was told.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Outcome } from './binary.ts';
import { ROOT } from './release.ts';

const CACHE = join(ROOT, '.cache');
/** What a package of ours asks for beyond the essential ones, and what reads its man pages and completions. */
const INCLUDED = ['libstdc++6', 'man-db', 'bash-completion'];
const BASE = join(CACHE, `package-host-bookworm-${process.arch}-${INCLUDED.join('-')}`);

const LOG = '/var/log/systemctl';
const WANTED = '/etc/systemd/system/multi-user.target.wants';

const SYSTEMCTL = `#!/bin/sh
for unit; do :; done
case "$*" in
  *is-enabled*) [ -e ${WANTED}/$unit ]; exit ;;
  *is-active*) [ -e /run/active/$unit ]; exit ;;
  *disable*) rm ${WANTED}/$unit ;;
esac
echo "$*" >> ${LOG}
`;

/** Half a minute, once. */
export function prepareBase(): void {
  if (existsSync(BASE)) return;
  mkdirSync(CACHE, { recursive: true });
  const partial = mkdtempSync(join(CACHE, 'package-host-'));
  const args = ['--quiet', '--variant=essential', `--include=${INCLUDED.join()}`, 'bookworm', partial];
  execFileSync('mmdebstrap', args, { stdio: ['ignore', 'inherit', 'inherit'], timeout: 600_000 });
  renameSync(partial, BASE);
}

export class PackageHost {
  readonly root = mkdtempSync(join(tmpdir(), 'package-host-'));

  /** `systemd`: it is process 1. */
  constructor({ systemd }: { systemd: boolean }) {
    onTestFinished(() => rmSync(this.root, { recursive: true, force: true }));
    execFileSync('cp', ['-a', `${BASE}/.`, this.root]);
    this.write('/usr/bin/systemctl', SYSTEMCTL, 0o755);
    if (systemd) mkdirSync(join(this.root, 'run/systemd/system'), { recursive: true });
  }

  /** In its root and without a network. */
  run(...argv: string[]): Outcome {
    const script = 'mount --bind /proc "$1/proc" && root=$1 && shift && exec chroot "$root" "$@"';
    const args = ['--mount', '--net', 'sh', '-c', script, 'sh', this.root, ...argv];
    const { status, stdout, stderr } = spawnSync('unshare', args, {
      encoding: 'utf8',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C' },
    });
    return { status, stdout, stderr };
  }

  must(...argv: string[]): string {
    const { status, stdout, stderr } = this.run(...argv);
    if (status !== 0) throw new Error(`${argv.join(' ')}: exit ${status}\n${stdout}${stderr}`);
    return stdout;
  }

  write(path: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
    chmodSync(join(this.root, path), mode);
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  /** As `systemctl enable --now` would leave it. */
  enableAndStart(unit: string): void {
    this.write(join(WANTED, unit), '');
    this.write(join('/run/active', unit), '');
  }

  isEnabled(unit: string): boolean {
    return this.has(join(WANTED, unit));
  }

  /** What systemctl was told to do since the last time, questions left out. */
  commands(): string[] {
    if (!this.has(LOG)) return [];
    const lines = this.read(LOG).trimEnd().split('\n');
    rmSync(join(this.root, LOG));
    return lines;
  }
}
