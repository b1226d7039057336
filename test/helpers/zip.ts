// Reads one file out of a zip archive: APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16, without zip64 and encryption.
import { crc32, inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = Buffer.from('PK\x05\x06', 'latin1');
const STORED = 0;
const DEFLATED = 8;

/** The contents of the file with this name, compared with its checksum. */
export function unzip(archive: Buffer, name: string): Buffer {
  const end = archive.lastIndexOf(END_OF_DIRECTORY);
  if (end < 0) throw new Error('this is no zip archive');
  const count = archive.readUInt16LE(end + 10);
  let entry = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count; index++) {
    const nameLength = archive.readUInt16LE(entry + 28);
    if (archive.toString('utf8', entry + 46, entry + 46 + nameLength) === name) return read(archive, entry);
    entry += 46 + nameLength + archive.readUInt16LE(entry + 30) + archive.readUInt16LE(entry + 32);
  }
  throw new Error(`the archive has no ${name}`);
}

/** `entry` is that of the central directory; sizes in the header before the data may be missing. */
function read(archive: Buffer, entry: number): Buffer {
  const method = archive.readUInt16LE(entry + 10);
  const header = archive.readUInt32LE(entry + 42);
  const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const data = archive.subarray(start, start + archive.readUInt32LE(entry + 20));
  if (method !== STORED && method !== DEFLATED) throw new Error(`compression method ${method} is unknown`);
  const contents = method === STORED ? data : inflateRawSync(data);
  if (crc32(contents) !== archive.readUInt32LE(entry + 16)) throw new Error('the archive is damaged');
  return contents;
}
