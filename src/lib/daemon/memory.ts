// Keeps the file of the masters that are missing, and follows it: whoever takes one out of it (sync --forget) says that it
// will not come back.
//
// INVARIANT: what the file lacks because it could not be read is not taken for forgotten.
import { messageOf } from '../errors.ts';
import { equalHostPort } from '../model/address.ts';
import type { MissingMaster } from '../store/memory.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Candidates } from './candidates.ts';
import { Keeper, type Kept } from './keeper.ts';

export interface MemoryFile extends Kept<readonly MissingMaster[]> {
  /** Throws what makes it unusable. */
  load(): readonly MissingMaster[];
}

export class Memory {
  readonly #file: MemoryFile;
  readonly #candidates: Candidates;
  readonly #telemetry: Pick<Telemetry, 'problem'>;
  readonly #keeper: Keeper<readonly MissingMaster[]>;
  /** As the file had them last. */
  #known: readonly MissingMaster[] = [];
  #problem: string | undefined;

  constructor(file: MemoryFile, candidates: Candidates, telemetry: Pick<Telemetry, 'problem'>) {
    this.#file = file;
    this.#candidates = candidates;
    this.#telemetry = telemetry;
    this.#keeper = new Keeper(file, telemetry);
  }

  /** Why the next boot would not know of them; undefined = it would. */
  get problem(): string | undefined {
    return this.#keeper.problem;
  }

  /** Once, behind the candidates to begin with. */
  begin(): void {
    this.#known = this.#load() ?? [];
    this.#candidates.remember(this.#known);
  }

  /** With each pass. */
  follow(): void {
    const inFile = this.#load();
    if (inFile === undefined) this.#keeper.again();
    for (const one of inFile === undefined ? [] : this.#known)
      if (!inFile?.some(other => equalHostPort(one, other))) this.#candidates.forget(one);
    const missing = this.#candidates.missing();
    this.#keeper.keep(missing);
    this.#known = this.#keeper.problem === undefined ? missing : (inFile ?? []);
  }

  #load(): readonly MissingMaster[] | undefined {
    try {
      const missing = this.#file.load();
      this.#problem = undefined;
      return missing;
    } catch (error) {
      if (messageOf(error) !== this.#problem) this.#telemetry.problem('remembering masters', error);
      this.#problem = messageOf(error);
      return undefined;
    }
  }
}
