import { StringDecoder } from 'node:string_decoder';

/** The reading end of a process's output, such as a `Readable`. A listener for `data` starts reading. */
export interface OutputPipe {
  on(event: 'data', run: (chunk: Buffer) => void): unknown;
  on(event: 'end' | 'close' | 'error', run: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
}

interface FollowedOutput {
  /** The first bytes as text, without a character that the bound cut in two. */
  text(): string;
  /** How many bytes were read and not kept. */
  dropped(): number;
  /** Whether the pipe is closed, at either end. */
  ended(): boolean;
}

/** After so many discarded bytes the output is read slowly, so that reading does not take a processor. */
const FLOOD_BYTES = 64 * 1024 * 1024;
const FLOOD_PAUSE_MS = 5;

/** Keeps the first `maxBytes` of a pipe and reads on, so that the writer never blocks. */
export function keepOutput(pipe: OutputPipe, maxBytes: number, onEnd: () => void): FollowedOutput {
  const chunks: Buffer[] = [];
  let keptBytes = 0;
  let droppedBytes = 0;
  pipe.on('data', (chunk) => {
    const room = maxBytes - keptBytes;
    droppedBytes += Math.max(0, chunk.length - room);
    if (room <= 0) {
      if (droppedBytes < FLOOD_BYTES) return;
      pipe.pause();
      setTimeout(() => pipe.resume(), FLOOD_PAUSE_MS).unref();
      return;
    }
    const kept = chunk.subarray(0, room);
    // A copy: a part of the chunk would keep all 64 kB that were read at once.
    chunks.push(kept.length === chunk.length ? chunk : Buffer.from(kept));
    keptBytes += kept.length;
  });
  const ended = followEnd(pipe, onEnd);
  return {
    text: () => new TextDecoder().decode(Buffer.concat(chunks), { stream: droppedBytes > 0 }),
    dropped: () => droppedBytes,
    ended,
  };
}

const MAX_LINE = 64 * 1024;

/** Passes on a pipe's lines as they come, and keeps none. A last line without a line end counts. */
export function passLines(
  pipe: OutputPipe,
  onLine: (line: string) => void,
  onEnd: () => void,
): FollowedOutput {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  pipe.on('data', (chunk) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    // Cuts a line that does not end: such output is not lines.
    rest = (lines.pop() ?? '').slice(0, MAX_LINE);
    for (const line of lines) onLine(line);
  });
  const ended = followEnd(pipe, () => {
    rest += decoder.end();
    if (rest !== '') onLine(rest);
    rest = '';
    onEnd();
  });
  return { text: () => '', dropped: () => 0, ended };
}

/** Calls `onEnd` once, when no more can be read. The result says whether that has happened. */
function followEnd(pipe: OutputPipe, onEnd: () => void): () => boolean {
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    onEnd();
  };
  pipe.on('end', end);
  pipe.on('close', end);
  // A read error ends a pipe as EOF does: 'close' follows, and the exit status says the rest.
  pipe.on('error', end);
  return () => ended;
}
