// Small pieces of sentences.

/** "A", "A and B", "A, B and 2 more" */
export function listOf(names: readonly string[]): string {
  const [first = '', second] = names;
  if (second === undefined) return first;
  return names.length === 2 ? `${first} and ${second}` : `${first}, ${second} and ${names.length - 2} more`;
}

/** "12 days", "1 day", "less than a day" */
export function days(seconds: number): string {
  const whole = Math.floor(seconds / 86_400);
  return whole === 0 ? 'less than a day' : `${whole} ${whole === 1 ? 'day' : 'days'}`;
}

/** "1 real server", "3 real servers" */
export function countOf(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
