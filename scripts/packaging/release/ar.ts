// ar(5), as far as a .deb needs it: names of at most 15 characters, everything owned by root.

export interface Member {
  readonly name: string;
  readonly content: Buffer;
}

export function arArchive(members: readonly Member[], epoch: number): Buffer {
  const parts = members.flatMap(({ name, content }) => {
    const header = [
      name.padEnd(16),
      String(epoch).padEnd(12),
      '0'.padEnd(6),
      '0'.padEnd(6),
      '100644'.padEnd(8),
      String(content.length).padEnd(10),
      '`\n',
    ];
    // Each member begins at an even offset.
    return [Buffer.from(header.join('')), content, Buffer.from(content.length % 2 === 0 ? '' : '\n')];
  });
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts]);
}
