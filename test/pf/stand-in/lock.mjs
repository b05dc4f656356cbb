import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const GIVE_UP_AFTER_MS = 30_000;

let attempts = 0;

/**
 * Runs `work` while no other process runs any for the same folder. `work` is synchronous, so signal
 * handlers run only after the lock is released. The next caller breaks a lock that SIGKILL left.
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
 * Creates the lock with its content in one step, so no process sees a lock without a pid.
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
 * Two callers may both see that the holder is dead. Only one at a time may remove the lock, and it
 * checks the holder again first: otherwise it could remove the new lock of the other.
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
    // Released meanwhile, so there is nothing to break.
    if (codeOf(error) === 'ENOENT') return true;
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
