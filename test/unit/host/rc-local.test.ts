// The block in /etc/rc.local: where it stands, what it replaces, and that taking it out gives the file back.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RcLocal, withBlock, withoutBlock, withoutOriginal } from '../../../src/lib/host/rc-local.ts';

const COMMAND = '/root/bcs-apiserver-proxy sync --from persisted';
const BLOCK = `# BEGIN bcs-apiserver-proxy\n${COMMAND} </dev/null &\n# END bcs-apiserver-proxy`;

const executable = (text: string): RcLocal => ({ text, executable: true });

describe('the block', () => {
  test.each<[string, string, string]>([
    [
      'of Debian',
      '#!/bin/sh -e\n#\n# rc.local\n\nexit 0\n',
      `#!/bin/sh -e\n${BLOCK}\n#\n# rc.local\n\nexit 0\n`,
    ],
    [
      'exit 0 in the middle',
      '#!/bin/bash\nif true; then\n  exit 0\nfi\ntouch /var/lock/subsys/local\n',
      `#!/bin/bash\n${BLOCK}\nif true; then\n  exit 0\nfi\ntouch /var/lock/subsys/local\n`,
    ],
    ['without newline at the end', '#!/bin/sh\nexit 0', `#!/bin/sh\n${BLOCK}\nexit 0`],
    ['the first line and no newline', '#!/bin/sh', `#!/bin/sh\n${BLOCK}`],
    ['without a first line for the kernel', 'exit 0\n', `${BLOCK}\nexit 0\n`],
    ['lines of DOS', '#!/bin/sh\r\nexit 0\r\n', `#!/bin/sh\r\n${BLOCK}\nexit 0\r\n`],
    ['empty', '', `${BLOCK}\n`],
  ])('%s', (_, before, after) => {
    expect(withBlock(executable(before), COMMAND)).toEqual(executable(after));
  });

  test('a file that is not there is made, and removed again with the block', () => {
    const made = withBlock(undefined, COMMAND);
    expect(made).toEqual(executable(`#!/bin/sh\n${BLOCK}\n# Made by bcs-apiserver-proxy.\n`));
    expect(withoutBlock(made)).toBeUndefined();
  });

  test('a file that we made and somebody added to stays', () => {
    const { text } = withBlock(undefined, COMMAND);
    expect(withoutBlock(executable(`${text}echo theirs\n`))).toEqual(
      executable('#!/bin/sh\n# Made by bcs-apiserver-proxy.\necho theirs\n'),
    );
  });

  test('is replaced by the next one', () => {
    const file = withBlock({ text: '#!/bin/sh\nexit 0\n', executable: false }, 'old');
    expect(withBlock(file, COMMAND)).toEqual(
      withBlock({ text: '#!/bin/sh\nexit 0\n', executable: false }, COMMAND),
    );
    expect(withBlock(withBlock(file, COMMAND), COMMAND)).toEqual(withBlock(file, COMMAND));
  });

  test('half of it is left to a person', () => {
    for (const line of ['# BEGIN bcs-apiserver-proxy', '# END bcs-apiserver-proxy'])
      expect(() => withBlock(executable(`#!/bin/sh\n${line}\nexit 0\n`), COMMAND)).toThrow(
        /has only one of the lines .* so it is unknown what is ours/,
      );
  });
});

describe("the original tool's lines", () => {
  const LINES = '# IPVS_START_UP\n/root/apiserver-proxy-tools -cmd reload -persistDir /root/.bcs\n';

  test.each<[string, string, string]>([
    ['behind exit 0, where they never ran', `#!/bin/sh\nexit 0\n${LINES}`, '#!/bin/sh\nexit 0\n'],
    ['glued to a last line without newline', `#!/bin/sh\nexit 0${LINES}`, '#!/bin/sh\nexit 0'],
    ['in the middle', `#!/bin/sh\n${LINES}echo theirs\n`, '#!/bin/sh\necho theirs\n'],
    ['the mark alone', '#!/bin/sh\n# IPVS_START_UP\necho theirs\n', '#!/bin/sh\necho theirs\n'],
    ['none', '#!/bin/sh\nexit 0\n', '#!/bin/sh\nexit 0\n'],
  ])('%s', (_, before, after) => {
    expect(withoutOriginal(executable(before))).toEqual(executable(after));
    expect(withBlock(executable(before), COMMAND)).toEqual(withBlock(executable(after), COMMAND));
  });
});

test('taking the block out gives the file back, byte for byte', () => {
  const line = fc.constantFrom(
    '#!/bin/sh',
    'exit 0',
    '  exit 0',
    '',
    '# END',
    'caf\xe9 \xff',
    '#',
    'echo $x &',
  );
  const text = fc
    .tuple(fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n'))), fc.oneof(line, fc.constant('')))
    .map(([lines, last]) => lines.flat().join('') + last);
  fc.assert(
    fc.property(text, fc.boolean(), (text, executable) => {
      const file = { text, executable };
      const installed = withBlock(file, COMMAND);
      expect(installed.executable).toBe(true);
      expect(withoutBlock(installed)).toEqual(file);
    }),
  );
});
