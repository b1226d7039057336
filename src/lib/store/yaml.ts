// YAML of files that people and other programs write, read with an effort that grows with the size of the text and no faster:
// the library compares each key of a mapping with all others, and looks for the anchor of each alias in the whole text.
import { isScalar, parseDocument, visit } from 'yaml';

/** A thousand keys in one mapping, or many mappings of a usual size. */
const MAX_COMPARISONS = 500_000;

/** Characters, were each alias to stand for all of the text. */
const MAX_REPEATED = 4 * 1024 * 1024;

export interface YamlOptions {
  /** "<<" takes over the keys of other mappings, as in kubectl. */
  readonly merge?: boolean;
}

/** Throws what describeYamlError() puts into words. */
export function parseYaml(text: string, { merge = false }: YamlOptions = {}): unknown {
  const document = parseDocument(text, {
    merge,
    // Without a warning on stderr for tags that nobody knows.
    logLevel: 'error',
    uniqueKeys: boundedComparison(),
    // Of the tags of YAML 1.1 only what has a use here: the library reads an ordered map in quadratic time.
    resolveKnownTags: false,
    customTags: ['binary'],
  });
  const [error] = document.errors;
  if (error !== undefined) throw error;
  let aliases = 0;
  visit(document, { Alias: () => void aliases++ });
  if (aliases * text.length > MAX_REPEATED)
    throw new ReferenceError('too many aliases for a text of its size');
  return document.toJS();
}

/** As the library compares by default. What it throws becomes an error of the document, with its place. */
function boundedComparison(): (a: unknown, b: unknown) => boolean {
  let comparisons = 0;
  return (a, b) => {
    comparisons++;
    if (comparisons > MAX_COMPARISONS) throw new Error('too many keys');
    return a === b || (isScalar(a) && isScalar(b) && a.value === b.value);
  };
}
