// Makes what all guests share before the first test file starts: two files that start together would make it twice.
import { rootImage } from './image.ts';
import { certificates } from './pki.ts';

export default async function prepare(): Promise<void> {
  certificates();
  if (process.env.LAB !== 'host') await rootImage();
}
