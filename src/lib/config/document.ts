// The text of a configuration file (-f): YAML or JSON, of our form or of the original program's. Pure.
import { describeYamlError, UsageError } from '../errors.ts';
import { parseYaml } from '../store/yaml.ts';
import { asRecord } from './mapping.ts';
import { isOriginal, readOriginal } from './original.ts';
import { type FileSettings, readDocument } from './settings.ts';

/** Throws UsageError, which names the key but not the file. An empty file sets nothing. */
export function parseConfig(text: string): FileSettings {
  const document = asRecord(readYaml(text) ?? {}, 'the document');
  if (isOriginal(document)) return readOriginal(document);
  return { settings: readDocument(document), nameOf: key => `key ${key}`, notes: [] };
}

function readYaml(text: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    throw new UsageError(`it is neither YAML nor JSON (${describeYamlError(error)})`);
  }
}
