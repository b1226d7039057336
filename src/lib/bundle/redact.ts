// Takes secrets out of text before it leaves the node: keys, tokens, passwords, in the forms in which files, logs and
// command lines have them. Rather one word too many than one too few. Pure.

const GONE = '[redacted]';

/** What a name ends with that has a secret as its value; "tokenFile" and "token-file" have a path. */
const NAME =
  '(?:token|passw(?:or)?d|passphrase|pwd|secret(?:[_-]?(?:access[_-]?)?key)?|credential|auth|api[_-]?key|private[_-]?key|client-(?:key|certificate)-data)';
const QUOTE = `["']?`;

/** Every repetition has an end, so that a log of one long line takes no longer than another. */
const RULES: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // PEM, also where its end was cut off or its lines are joined by "\n".
  [/-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|$)/g, GONE],
  // The same in base64: "-----BEGIN" begins like this.
  [/\bLS0tLS1CRUdJTi[\w+/=\s]*/g, GONE],
  // JSON web tokens, bootstrap tokens.
  [/(?<![\w-])eyJ[\w-]{4,8000}\.[\w-]{0,8000}(?:\.[\w-]{0,8000})?/g, GONE],
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, GONE],
  [/\b(Bearer|Basic)\s{1,8}[\w.~+/=-]+/gi, `$1 ${GONE}`],
  [/(:\/\/)[^\s/@"']{1,500}@/g, `$1${GONE}@`],
  // A YAML block: the indented lines below the name.
  [new RegExp(`(${NAME}${QUOTE}\\s{0,8}:[ \\t]{0,8})[|>][-+]?\\n(?:[ \\t]+\\S.*\\n?)+`, 'gi'), `$1${GONE}\n`],
  [
    new RegExp(`(${NAME}${QUOTE}\\s{0,8}[:=]\\s{0,8})(["'])(?:(?!\\2)[^\\n]){0,8000}\\2`, 'gi'),
    `$1$2${GONE}$2`,
  ],
  [new RegExp(`(${NAME}${QUOTE}\\s{0,8}[:=]\\s{0,8})[^\\s"',}\\]\\[]+`, 'gi'), `$1${GONE}`],
  [new RegExp(`(--?[\\w-]{0,40}${NAME}\\s{1,8})[^\\s-]\\S*`, 'gi'), `$1${GONE}`],
];

export function redact(text: string): string {
  return RULES.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
}

/** Every text inside a value. For what is going to be broken into lines, which would hide a secret from the rules. */
export function redactTexts<T>(value: T): T {
  return map(value) as T;
}

function map(value: unknown): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map(map);
  if (value instanceof Map) return new Map([...value].map(([key, inner]) => [key, map(inner)]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, map(inner)]));
}
