import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const GIVE_UP_AFTER_MS = 30_000;

let attempts = 0;

/**
 * Runs `work` while no other process does so for the same folder. `work` is synchronous, so a
 * signal that has a handler is only seen after the lock is gone again; what SIGKILL leaves behind
 * is broken by the next caller.
 * @template T
 * @param {string} folder
 * @param {() => T} work
 * @returns {T}
 */
export function withLock(folder, work) {
  const lock = join(folder, 'lock');
  take(lock);
  try {
    return work();
  } finally {
    unlinkSync(lock);
  }
}

/** @param {string} lock */
function take(lock) {
  const giveUpAt = Date.now() + GIVE_UP_AFTER_MS;
  while (!tryTake(lock)) {
    breakIfStale(lock);
    if (Date.now() > giveUpAt) throw new Error(`${lock} is held for ${GIVE_UP_AFTER_MS} ms`);
    sleep(1 + Math.random() * 4);
  }
}

/**
 * The file comes into being with its content, so a lock without a pid cannot be seen.
 * @param {string} lock
 */
function tryTake(lock) {
  attempts += 1;
  const mine = `${lock}.${process.pid}.${attempts}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, lock);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(mine);
  }
}

/**
 * Two callers may both see that the holder is dead; only one at a time may take the lock away, and
 * it looks again first, else it would take the other's new lock.
 * @param {string} lock
 */
function breakIfStale(lock) {
  if (holderLives(lock)) return;
  const breaking = `${lock}.breaking`;
  if (!tryTake(breaking)) {
    if (!holderLives(breaking)) unlinkIfThere(breaking);
    return;
  }
  try {
    if (!holderLives(lock)) unlinkIfThere(lock);
  } finally {
    unlinkIfThere(breaking);
  }
}

/** @param {string} lock */
function holderLives(lock) {
  let pid;
  try {
    pid = Number(readFileSync(lock, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true; // released meanwhile: nothing to break
    throw error;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

/** @param {string} file */
function unlinkIfThere(file) {
  try {
    unlinkSync(file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** @param {number} ms */
function sleep(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
