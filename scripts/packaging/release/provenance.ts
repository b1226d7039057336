// From what, by what and to what a release was built: an in-toto statement with SLSA's provenance, of which nothing
// depends on the machine or the day.
import type { Commit } from '../commit.ts';
import type { Digest } from './checksums.ts';
import { NAME } from './version.ts';

export interface ProvenanceOptions {
  readonly version: string;
  readonly architectures: readonly string[];
  readonly commit: Commit;
  readonly lockFile: Digest;
  /** Of the Node that ran the build and is packed, with the digests of what was unpacked. */
  readonly nodeVersion: string;
  readonly runtimes: readonly Digest[];
  readonly subjects: readonly Digest[];
}

const URN = `urn:${NAME}`;

export function provenance(options: ProvenanceOptions): unknown {
  const { version, architectures, commit, lockFile, nodeVersion, runtimes, subjects } = options;
  const file = ({ name, sha256 }: Digest) => ({ name, digest: { sha256 } });
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects.map(file),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: `${URN}:scripts/release:1`,
        externalParameters: { version, architectures },
        internalParameters: { node: nodeVersion },
        resolvedDependencies: [
          { name: 'source', digest: { gitCommit: commit.revision } },
          file(lockFile),
          ...runtimes.map(file),
        ],
      },
      runDetails: { builder: { id: `${URN}:scripts/release` } },
    },
  };
}
