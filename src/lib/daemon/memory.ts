// Keeps the file of the masters that left discovery, and follows it: whoever takes a missing one out of it (sync --forget)
// says that it will not come back.
//
// INVARIANT: what the file lacks because it could not be read is not taken for forgotten.
import { messageOf } from '../errors.ts';
import { equalHostPort } from '../model/address.ts';
import type { RememberedMaster } from '../store/memory.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Candidates } from './candidates.ts';
import { Keeper, type Kept } from './keeper.ts';

export interface MemoryFile extends Kept<readonly RememberedMaster[]> {
  /** Throws what makes it unusable. */
  load(): readonly RememberedMaster[];
}

export class Memory {
  readonly #file: MemoryFile;
  readonly #candidates: Candidates;
  readonly #telemetry: Pick<Telemetry, 'problem'>;
  readonly #keeper: Keeper<readonly RememberedMaster[]>;
  /** As the file had them last. */
  #known: readonly RememberedMaster[] = [];
  #begun = false;
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
    this.#begin(this.#load());
  }

  /** With each pass. */
  follow(): void {
    const inFile = this.#load();
    if (!this.#begun) this.#begin(inFile);
    if (inFile === undefined) this.#keeper.again();
    for (const one of inFile === undefined ? [] : this.#known)
      if (!inFile?.some(other => equalHostPort(one, other))) this.#candidates.forget(one);
    const remembered = this.#candidates.remembered();
    this.#keeper.keep(remembered);
    this.#known = this.#keeper.problem === undefined ? remembered : (inFile ?? []);
  }

  /** With the first that can be read: what was not known from it must not be written over. */
  #begin(inFile: readonly RememberedMaster[] | undefined): void {
    if (inFile === undefined) return;
    this.#begun = true;
    this.#known = inFile;
    this.#candidates.remember(inFile);
  }

  #load(): readonly RememberedMaster[] | undefined {
    try {
      const masters = this.#file.load();
      this.#problem = undefined;
      return masters;
    } catch (error) {
      if (messageOf(error) !== this.#problem) this.#telemetry.problem('remembering masters', error);
      this.#problem = messageOf(error);
      return undefined;
    }
  }
}
