// Text of others (node names, processes, files, answers of servers) as it may be shown: nothing in it moves the cursor,
// begins a line or turns the direction of reading.

// Control characters: C0, DEL, C1, line and paragraph separators, and those that turn text around (U+202A-E, U+2066-9).
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

export function printable(text: string): string {
  return text.replace(UNPRINTABLE, character => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`;
  });
}
