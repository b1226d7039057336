// Was a program written in Go? The program that we replace was, and goes by names that ours may have, too.
import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Every Go executable has the section .gopclntab, which its runtime needs and stripping leaves. False when the file
 * cannot be read, or is no 64-bit little-endian ELF file.
 */
export function isGoProgram(path: string): boolean {
  try {
    return sectionNames(path).includes('.gopclntab');
  } catch {
    return false;
  }
}

// <elf.h>: Elf64_Ehdr and Elf64_Shdr
const ELF64_LE = Buffer.from('\x7fELF\x02\x01', 'latin1');
const EHDR_BYTES = 64;
const E_SHOFF = 0x28;
const E_SHENTSIZE = 0x3a;
const E_SHSTRNDX = 0x3e;
const SHDR_BYTES = 64;
const SH_OFFSET = 0x18;
const SH_SIZE = 0x20;
/** Section names of large programs have a few kilobytes. */
const MAX_NAMES_BYTES = 65_536;

function sectionNames(path: string): string[] {
  const fd = openSync(path, 'r');
  try {
    const header = readAt(fd, 0, EHDR_BYTES);
    if (!header.subarray(0, ELF64_LE.length).equals(ELF64_LE)) return [];
    const index = header.readUInt16LE(E_SHSTRNDX);
    const at = Number(header.readBigUInt64LE(E_SHOFF)) + index * header.readUInt16LE(E_SHENTSIZE);
    const section = readAt(fd, at, SHDR_BYTES);
    const size = Math.min(Number(section.readBigUInt64LE(SH_SIZE)), MAX_NAMES_BYTES);
    return readAt(fd, Number(section.readBigUInt64LE(SH_OFFSET)), size)
      .toString('latin1')
      .split('\0');
  } finally {
    closeSync(fd);
  }
}

function readAt(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, position));
}
