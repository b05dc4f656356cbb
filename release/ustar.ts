/** A regular file of an archive. */
export interface ArchiveFile {
  /** At most 100 bytes, with forward slashes. */
  readonly path: string;
  readonly mode: number;
  readonly content: Buffer;
}

const BLOCK = 512;

/**
 * Makes a ustar archive, as POSIX defines it. The same files always give the same bytes: all files
 * belong to root and have the time `mtimeS`, in seconds since the epoch.
 */
export function ustar(files: readonly ArchiveFile[], mtimeS: number): Buffer {
  const parts = files.flatMap((file) => [
    header(file, mtimeS),
    file.content,
    Buffer.alloc((BLOCK - (file.content.length % BLOCK)) % BLOCK),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function header({ path, mode, content }: ArchiveFile, mtimeS: number): Buffer {
  if (Buffer.byteLength(path) > 100) throw new Error(`${path}: too long for an archive`);
  const block = Buffer.alloc(BLOCK);
  const put = (offset: number, text: string): void => void block.write(text, offset);
  const number = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
  put(0, path);
  put(100, number(mode, 7));
  put(108, number(0, 7));
  put(116, number(0, 7));
  put(124, number(content.length, 11));
  put(136, number(mtimeS, 11));
  put(148, ' '.repeat(8));
  put(156, '0');
  put(257, 'ustar\0');
  put(263, '00');
  put(265, 'root');
  put(297, 'wheel');
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${number(sum, 6)}\0 `);
  return block;
}
