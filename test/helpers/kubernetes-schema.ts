// Checks an object against the API types that @kubernetes/client-node is generated from: its models name every field
// with its type, their declarations say which are required.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as client from '@kubernetes/client-node';

interface Attribute {
  /** As in JSON. */
  readonly baseName: string;
  /** "string", "number", "boolean", "IntOrString", "Array<T>", "{ [key: string]: T; }", or a model's name. */
  readonly type: string;
}

interface Model {
  getAttributeTypeMap?(): readonly Attribute[];
}

const MODELS = client as unknown as Readonly<Record<string, Model>>;
const DECLARATIONS = join(
  dirname(createRequire(import.meta.url).resolve('@kubernetes/client-node')),
  'gen/models',
);

/** What is wrong, each with the path of the field; empty = the API server would know every field and miss none. */
export function schemaProblems(value: unknown, type: string, path = type): string[] {
  const array = /^Array<(.+)>$/.exec(type)?.[1];
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  if (array !== undefined) {
    if (!Array.isArray(value)) return [`${path}: a list is expected`];
    return value.flatMap((item, index) => schemaProblems(item, array, `${path}[${index}]`));
  }
  if (!isScalar(type) && (typeof value !== 'object' || value === null || Array.isArray(value)))
    return [`${path}: an object is expected`];
  if (map !== undefined)
    return Object.entries(Object(value)).flatMap(([key, item]) =>
      schemaProblems(item, map, `${path}[${key}]`),
    );
  return isScalar(type) ? scalarProblems(value, type, path) : modelProblems(Object(value), type, path);
}

const SCALARS: Readonly<Record<string, readonly string[]>> = {
  string: ['string'],
  number: ['number'],
  boolean: ['boolean'],
  IntOrString: ['number', 'string'],
};

function isScalar(type: string): boolean {
  return type in SCALARS;
}

function scalarProblems(value: unknown, type: string, path: string): string[] {
  return SCALARS[type]?.includes(typeof value) ? [] : [`${path}: ${type} is expected`];
}

function modelProblems(value: Record<string, unknown>, type: string, path: string): string[] {
  const attributes = MODELS[type]?.getAttributeTypeMap?.();
  if (attributes === undefined) throw new Error(`${path}: the client has no model ${type}`);
  const types = new Map(attributes.map(({ baseName, type: ofField }) => [baseName, ofField]));
  const missing = required(type).filter(name => value[name] === undefined);
  return [
    ...missing.map(name => `${path}.${name}: missing`),
    ...Object.entries(value).flatMap(([name, field]) => {
      const ofField = types.get(name);
      return ofField === undefined
        ? [`${path}.${name}: unknown`]
        : schemaProblems(field, ofField, `${path}.${name}`);
    }),
  ];
}

/** Declared without a question mark. */
function required(type: string): string[] {
  const text = readFileSync(join(DECLARATIONS, `${type}.d.ts`), 'utf8');
  return [...text.matchAll(/^ {4}'(\w+)': /gm)].map(([, name = '']) => name);
}
