// Text for a terminal of 80 columns: broken at spaces only, so that a path or a command stays whole.

export const COLUMNS = 80;

/** `first` stands before the first line, as many spaces before the others. */
export function wrap(first: string, text: string, columns = COLUMNS): string[] {
  const room = Math.max(1, columns - first.length);
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, index) => `${index === 0 ? first : ' '.repeat(first.length)}${line}`);
}
