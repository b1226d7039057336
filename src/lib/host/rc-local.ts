// A command that runs at boot on a host without systemd: a marked block in /etc/rc.local. Pure, from one state of the
// file to the next. The block stands behind the first line, so that no `exit`, and no command that fails under
// `sh -e`, comes before it; it runs in the background, so that it holds nothing up.
//
// INVARIANT: withoutBlock(withBlock(file)) is the file as it was, byte for byte, unless it held the original program's
// lines, which are not put back.
import { ProxyError } from '../errors.ts';

export interface RcLocal {
  /** Whatever the encoding: every character is a byte (latin1). */
  readonly text: string;
  readonly executable: boolean;
}

const BEGIN = '# BEGIN bcs-apiserver-proxy';
const END = '# END bcs-apiserver-proxy';
const NOT_EXECUTABLE = '# This file was not executable before.';

/** What a file that we make begins with; when nothing else is in it, it is removed again. */
const OURS = '#!/bin/sh\n# Made by bcs-apiserver-proxy.\n';

/** `command` is a line of shell. Replaces a block that is there already. */
export function withBlock(file: RcLocal | undefined, command: string): RcLocal {
  const { text, executable } = withoutOriginal(withoutBlock(file) ?? { text: OURS, executable: true });
  const note = executable ? [] : [NOT_EXECUTABLE];
  const block = [BEGIN, ...note, `${command} </dev/null &`, END].join('\n');
  const [shebang = ''] = /^#![^\n]*\n?/.exec(text) ?? [];
  // A file without a newline at its end keeps none.
  const joined =
    shebang !== '' && !shebang.endsWith('\n')
      ? `${shebang}\n${block}`
      : `${shebang}${block}\n${text.slice(shebang.length)}`;
  return { text: joined, executable: true };
}

/** Undefined when the file is to be removed, or is not there. Throws ProxyError "rc-local-damaged". */
export function withoutBlock(file: RcLocal | undefined): RcLocal | undefined {
  if (file === undefined) return undefined;
  const { text, executable } = file;
  const begin = lineStart(text, BEGIN);
  const end = lineStart(text, END);
  if (begin < 0 && end < 0) return file;
  if (begin < 0 || end < begin) throw damaged();
  const last = end + END.length;
  const block = text.slice(begin, last);
  const rest =
    last < text.length ? text.slice(0, begin) + text.slice(last + 1) : text.slice(0, Math.max(0, begin - 1));
  if (rest === OURS) return undefined;
  return { text: rest, executable: executable && !block.includes(`\n${NOT_EXECUTABLE}\n`) };
}

/**
 * The original tool appended "# IPVS_START_UP" and a line that runs it with -cmd reload (SetIpvsStartup in its
 * pkg/utils/utils.go), without a newline before, wherever the file ended.
 */
export function withoutOriginal({ text, executable }: RcLocal): RcLocal {
  return { text: text.replaceAll(/# IPVS_START_UP[^\n]*(\n[^\n]* -cmd reload[^\n]*)?\n?/g, ''), executable };
}

/** Where a line that is exactly this begins; -1 = nowhere. */
function lineStart(text: string, line: string): number {
  for (let at = text.indexOf(line); at >= 0; at = text.indexOf(line, at + 1)) {
    const [before, after] = [text[at - 1], text[at + line.length]];
    if ((before === undefined || before === '\n') && (after === undefined || after === '\n')) return at;
  }
  return -1;
}

function damaged(): ProxyError {
  return new ProxyError(
    'rc-local-damaged',
    `/etc/rc.local has only one of the lines "${BEGIN}" and "${END}", so it is unknown what is ours`,
    {
      suggestions: ['edit /etc/rc.local: take out what belongs to bcs-apiserver-proxy, then run this again'],
    },
  );
}
