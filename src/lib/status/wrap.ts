// Text for a terminal of 80 columns: broken at spaces only, so that a path or a command stays whole.

export const COLUMNS = 80;

/** `first` stands before the first line, `next` before the others: as many spaces unless something else is given. */
export function wrap(
  first: string,
  text: string,
  columns = COLUMNS,
  next = ' '.repeat(first.length),
): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    const room = Math.max(1, columns - (lines.length <= 1 ? first : next).length);
    if (last !== undefined && last.length + 1 + word.length <= room)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, index) => `${index === 0 ? first : next}${line}`);
}
