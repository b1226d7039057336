// Takes secrets out of text before it leaves the node: keys, tokens, passwords, in the forms in which files, logs and
// command lines have them. Rather one word too many than one too few. Pure.

const GONE = '[redacted]';

/** What a name ends with that has a secret as its value; "tokenFile" and "token-file" have a path. */
const NAME =
  '(?:token(?:data)?|passw(?:or)?d|passphrase|pwd|secret(?:[_-]?(?:access[_-]?)?key)?|credential|auth|cookie|(?:api|account|private)[_-]?key|client-(?:key|certificate)-data)';
const QUOTE = `["']?`;

/** Every repetition has an end, so that a log of one long line takes no longer than another. */
const RULES: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // PEM, also where its end was cut off or its lines are joined by "\n".
  [/-----BEGIN [a-z ]{0,20}PRIVATE KEY-----[\s\S]*?(?:-----END [a-z ]{0,20}PRIVATE KEY-----|$)/gi, GONE],
  // The same in base64: "-----BEGIN" begins like this.
  [/\bLS0tLS1CRUdJTi[\w+/=\s]*/g, GONE],
  // JSON web tokens, bootstrap tokens.
  [/(?<![\w-])eyJ[\w-]{4,8000}\.[\w-]{0,8000}(?:\.[\w-]{0,8000})?/g, GONE],
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, GONE],
  [/\b(Bearer|Basic)\s{1,8}[\w.~+/=-]+/gi, `$1 ${GONE}`],
  // To the end of the line: parameters follow (Digest), or several cookies.
  [/\b(authorization:\s{0,8}Digest\s{1,8}|(?:set-)?cookie:\s{0,8})[^\n]{1,8000}/gi, `$1${GONE}`],
  // To the last @ before the path: a password may hold one.
  [/(:\/\/)[^\s/"']{1,500}@/g, `$1${GONE}@`],
  // A YAML block: the indented lines below the name.
  [new RegExp(`(${NAME}${QUOTE}\\s{0,8}:[ \\t]{0,8})[|>][-+]?\\n(?:[ \\t]+\\S.*\\n?)+`, 'gi'), `$1${GONE}\n`],
  [
    new RegExp(`(${NAME}${QUOTE}\\s{0,8}[:=]\\s{0,8})(["'])(?:\\\\.|(?!\\2)[^\\n\\\\]){0,8000}\\2`, 'gi'),
    `$1$2${GONE}$2`,
  ],
  // A variable's value, commas and all; of "KEY: value" in a text all that may still be it.
  [new RegExp(`(${NAME}=)[^\\s"'&;}\\]\\[]+`, 'gi'), `$1${GONE}`],
  [new RegExp(`(${NAME}:[ \\t]{1,8})[^\\s"',{}\\]\\[|>][^\\n"',{}\\]\\[]*`, 'gi'), `$1${GONE}`],
  [new RegExp(`(${NAME}${QUOTE}\\s{0,8}[:=]\\s{0,8})[^\\s"',}\\]\\[]+`, 'gi'), `$1${GONE}`],
  [new RegExp(`(--?[\\w-]{0,40}${NAME}\\s{1,8})(?!--)\\S+`, 'gi'), `$1${GONE}`],
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
