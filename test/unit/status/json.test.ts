// The JSON of status: whatever was seen, it is what docs/status.schema.json says, no key more.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toJson } from '../../../src/lib/status/json.ts';
import type { Facts } from '../../../src/lib/status/report.ts';
import { judge } from '../../../src/lib/status/verdict.ts';
import { CONDITION_CASES } from '../../helpers/condition-cases.ts';
import { soundFacts } from '../../helpers/facts.ts';
import { generatedFacts } from '../../helpers/generated-facts.ts';
import { NODES } from './nodes.ts';

const schema = JSON.parse(readFileSync(new URL('../../../docs/status.schema.json', import.meta.url), 'utf8'));
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);

/** As a reader gets it. */
const jsonOf = (facts: Facts) => JSON.parse(JSON.stringify(toJson(judge(facts))));

function violations(json: unknown): string[] {
  validate(json);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

describe('the published schema', () => {
  test.each(Object.entries(NODES))('%s', async (name, facts) => {
    const json = jsonOf(soundFacts(facts));
    expect(violations(json)).toEqual([]);
    await expect(`${JSON.stringify(json, null, 2)}\n`).toMatchFileSnapshot(
      `../../golden/status/${name}.json`,
    );
  });

  test.each(CONDITION_CASES)('with $code', ({ wrong }) => {
    expect(violations(jsonOf(soundFacts(wrong)))).toEqual([]);
  });

  test('whatever is wrong', () => {
    fc.assert(
      fc.property(generatedFacts, facts => {
        expect(violations(jsonOf(facts))).toEqual([]);
      }),
    );
  });

  test('every object of it allows no other keys, and wants all of its own', () => {
    const loose: string[] = [];
    const visit = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const { type, properties, additionalProperties, required } = node as Record<string, unknown>;
      const keys = Object.keys((properties as object | undefined) ?? {});
      const strict = additionalProperties === false && String(required) === String(keys);
      if (type === 'object' && properties !== undefined && !strict) loose.push(path);
      for (const [key, value] of Object.entries(node)) visit(value, `${path}/${key}`);
    };
    visit(schema, '');
    expect(loose).toEqual([]);
  });

  test.each<[string, (json: Record<string, unknown>) => void]>([
    ['a key more', json => Object.assign(json, { more: 1 })],
    ['a key less', json => delete json.verdict],
    ['another version', json => Object.assign(json, { schemaVersion: 1 })],
    ['a verdict that there is not', json => Object.assign(json, { verdict: 'fine' })],
  ])('%s is refused', (_, change) => {
    const json = jsonOf(soundFacts());
    change(json);
    expect(violations(json)).not.toEqual([]);
  });
});
