// Makes the worker's disk before the first file of scenarios starts: it takes longer than a test may.
import { rootImage } from '../lab/image.ts';
import { certificates } from '../lab/pki.ts';

export default async function prepare(): Promise<void> {
  certificates();
  await rootImage('worker');
}
