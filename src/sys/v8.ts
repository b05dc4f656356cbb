import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8's heap grow by half of what is live before it is collected, where it would wait for
 * several times as much: a firewall has better uses for 100 MB. Takes effect at once; the size of the
 * young generation, which does not, is among node's options in the installed hfmd.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=50');
}

/**
 * V8 compiles on the bet that no ArrayBuffer is ever detached, and throws away all code with that bet
 * in it once one is. The memory of undici's parser is detached when it grows, which it does when
 * hundreds of answers are awaited at once: at the beginning of trouble. So the bet is lost from the
 * start. V8 tells it with `--trace-protector-invalidation`.
 */
export function expectDetachedBuffers(): void {
  structuredClone(null, { transfer: [new ArrayBuffer(1)] });
}
