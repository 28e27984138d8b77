import { inflateRawSync } from 'node:zlib';

/**
 * One file of a ZIP archive (APPNOTE.TXT 6.3.10, 4.3): found by the central directory at the end, stored or deflated. Neither encryption nor
 * archives beyond 4 GiB, which none of ours are.
 * @throws Error where it is not there
 */
export function zipMember(archive: Buffer, name: string): Buffer {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0) throw new Error('this is no ZIP archive');
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count; index++) {
    const [method, packed] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)];
    const lengths = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset)); // of the name, the extra field, the comment
    const [nameLength = 0, extra = 0, comment = 0] = lengths;
    const found = archive.toString('utf8', at + 46, at + 46 + nameLength);
    if (found === name) return content(archive, archive.readUInt32LE(at + 42), packed, method);
    at += 46 + nameLength + extra + comment;
  }
  throw new Error(`there is no \`${name}\` in the archive`);
}

/** The name and the extra field stand once more before the content, and the latter may be of another length there. */
function content(archive: Buffer, header: number, packed: number, method: number): Buffer {
  const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const bytes = archive.subarray(start, start + packed);
  if (method === 0) return bytes;
  if (method === 8) return inflateRawSync(bytes);
  throw new Error(`the archive is packed by method ${method}`);
}
