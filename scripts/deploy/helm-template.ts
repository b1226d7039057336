// Helm templates made of YAML: expressions take the place of what a key of it has.
import type { ManifestOptions } from '../../src/lib/manifests/options.ts';
import type { HostPort } from '../../src/lib/model/address.ts';

/** What the manifests are made with when no value is set. */
export type ChartBase = ManifestOptions & { readonly listen: HostPort };

/** From the lines of a key, its own and those below it, to others. `indent` is what stands before the key. */
export type Edit = (lines: string, indent: string, key: string) => string;

/** Each key must be there exactly once: what the manifests no longer have, no template may go on without. */
export function edited(yaml: string, edits: Readonly<Record<string, Edit>>): string {
  return Object.entries(edits).reduce((text, [key, edit]) => {
    const lines = new RegExp(`^( *)${key}:.*\\n(?:\\1 .*\\n)*`, 'gm');
    const count = [...text.matchAll(lines)].length;
    if (count !== 1) throw new Error(`the key ${key} is there ${count} times`);
    return text.replace(lines, (found, indent) => edit(found, indent, key));
  }, yaml);
}

/** One expression instead of the text or the number. */
export function scalar(expression: string): Edit {
  return (_, indent, key) => `${indent}${key}: {{ ${expression} }}\n`;
}

/** The same, without the key where the expression is empty. */
export function optional(expression: string): Edit {
  return (_, indent, key) =>
    `${open(indent, 'with', expression)}${indent}${key}: {{ toJson . }}\n${end(indent)}`;
}

/** All of the expression's value; neither the key nor anything else where it is empty. */
export function whole(expression: string): Edit {
  return (_, indent, key) =>
    `${open(indent, 'with', expression)}${indent}${key}:\n${inside(`${indent}  `)}${end(indent)}`;
}

/** The members of the expression's value, beside others of the same object, in place of the key. */
export function members(expression: string): Edit {
  return (_, indent) => `${open(indent, 'with', expression)}${inside(indent)}${end(indent)}`;
}

/** As it is, if the condition holds. */
export function only(condition: string): Edit {
  return (lines, indent) => `${open(indent, 'if', condition)}${lines}${end(indent)}`;
}

export function open(indent: string, word: 'if' | 'with' | 'range', expression: string): string {
  return `${indent}{{- ${word} ${expression} }}\n`;
}

export function end(indent: string): string {
  return `${indent}{{- end }}\n`;
}

function inside(indent: string): string {
  return `${indent}{{- toYaml . | nindent ${indent.length} }}\n`;
}

/** Texts as Go writes them in an expression. */
export function quoted(...texts: readonly (string | undefined)[]): string {
  return texts.map(text => JSON.stringify(text)).join(' ');
}
