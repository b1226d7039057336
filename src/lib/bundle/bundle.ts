// What goes into a bundle: each part read by itself, bounded, without secrets, and the manifest that names them all.
import { errnoCode, messageOf } from '../errors.ts';
import { redact } from './redact.ts';

export interface Source {
  /** Path inside the archive. */
  readonly name: string;
  /** Throws or rejects where it cannot be had; empty = there is nothing in it. */
  readonly read: () => string | Promise<string>;
  /** Which part stays when it is too long; a log is read from its end. */
  readonly keep?: 'beginning' | 'end';
}

export interface BundleFile {
  readonly name: string;
  readonly text: string;
}

/** A ticket takes attachments of some megabytes; together the parts stay below that. */
const MAX_CHARACTERS = 512 * 1024;

/** Never rejects: what could not be had is named in the manifest, with the reason. `title` is its first line. */
export async function readBundle(title: string, sources: readonly Source[]): Promise<BundleFile[]> {
  const parts = await Promise.all(sources.map(readPart));
  const files = parts.flatMap(({ name, text }) => (text === undefined ? [] : [{ name, text }]));
  return [{ name: 'MANIFEST.txt', text: manifest(title, parts) }, ...files];
}

interface Part {
  readonly name: string;
  readonly text: string | undefined;
  readonly note: string;
}

async function readPart({ name, read, keep = 'beginning' }: Source): Promise<Part> {
  try {
    const text = redact(await read());
    if (text.trim() === '') return { name, text: undefined, note: 'not in here: it is empty' };
    if (text.length <= MAX_CHARACTERS) return { name, text, note: `${text.length} characters` };
    const cut = keep === 'end' ? text.slice(-MAX_CHARACTERS) : text.slice(0, MAX_CHARACTERS);
    return { name, text: cut, note: `the ${keep} of ${text.length} characters` };
  } catch (error) {
    return { name, text: undefined, note: `not in here: ${reasonOf(error)}` };
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is none',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
};

function reasonOf(error: unknown): string {
  const message = messageOf(error).split('\n')[0] ?? '';
  return redact(REASONS[errnoCode(error) ?? ''] ?? message);
}

function manifest(title: string, parts: readonly Part[]): string {
  const width = Math.max(...parts.map(({ name }) => name.length));
  return [
    title,
    '',
    'Keys, tokens and passwords are replaced by [redacted]. No kubeconfig is in here.',
    '',
    ...parts.map(({ name, note }) => `${name.padEnd(width)}  ${note}`),
    '',
  ].join('\n');
}
