import { setFlagsFromString } from 'node:v8';

/**
 * Makes V8 collect garbage when the heap has grown by half of what is live, instead of by several
 * times that: a firewall has better uses for 100 MB. This takes effect at once. The size of the young
 * generation can't be set here; it is an option of node in the installed hfmd.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=50');
}

/**
 * Detaches an ArrayBuffer at the start. V8 compiles on the assumption that none is ever detached, and
 * discards all such code when the first one is. The memory of undici's parser is detached when it
 * grows, which happens when hundreds of answers are outstanding: at the beginning of an outage, when
 * hfmd must be fast. `--trace-protector-invalidation` shows when V8 gives up the assumption.
 */
export function expectDetachedBuffers(): void {
  structuredClone(null, { transfer: [new ArrayBuffer(1)] });
}
