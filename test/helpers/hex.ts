// Bytes as people compare them: rows of hex, one field a row, with a comment beside each in the test.

/** `hex('02 00', 'ff')`: any white space between the digits is ignored. */
export function hex(...rows: string[]): Buffer {
  const digits = rows.join('').replace(/\s+/g, '');
  if (!/^(?:[0-9a-f]{2})*$/i.test(digits)) throw new Error(`not hex: ${rows.join(' ')}`);
  return Buffer.from(digits, 'hex');
}

/** Sixteen bytes a line, so that a failed comparison points at the line. */
export function toHex(bytes: Uint8Array): string {
  const pairs = [...bytes].map(byte => byte.toString(16).padStart(2, '0'));
  const lines: string[] = [];
  for (let start = 0; start < pairs.length; start += 16) lines.push(pairs.slice(start, start + 16).join(' '));
  return lines.join('\n');
}
