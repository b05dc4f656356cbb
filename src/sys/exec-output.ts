import type { Readable } from 'node:stream';

export interface KeptOutput {
  /** The first bytes as text; a character that the bound cut in two is left out. */
  text(): string;
  /** Whether the writer closed its end, or we closed ours. */
  ended(): boolean;
}

/** Keeps the first `maxBytes` of a pipe and goes on reading, so that the writer never blocks on it. */
export function keepOutput(pipe: Readable, maxBytes: number, onEnd: () => void): KeptOutput {
  const chunks: Buffer[] = [];
  let keptBytes = 0;
  let cut = false;
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    onEnd();
  };
  pipe.on('data', (chunk: Buffer) => {
    const room = maxBytes - keptBytes;
    if (chunk.length > room) cut = true;
    if (room <= 0) return;
    const kept = chunk.subarray(0, room);
    // A copy of the part, so that a bound of 1 kB does not hold the 64 kB that were read at once.
    chunks.push(kept.length === chunk.length ? chunk : Buffer.from(kept));
    keptBytes += kept.length;
  });
  pipe.once('end', end);
  pipe.once('close', end);
  // A read error of a pipe ends it like EOF does: 'close' follows, and the exit status tells the rest.
  pipe.on('error', end);
  return {
    text: () => new TextDecoder().decode(Buffer.concat(chunks), { stream: cut }),
    ended: () => ended,
  };
}
