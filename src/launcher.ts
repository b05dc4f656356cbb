#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { openProgram } from './sys/code-cache.ts';

// Installed as hfmd, to run hfmd.js. With HFM_CODE_CACHE=keep, which is for install.sh, what V8 has
// compiled by the end is there for the next.
const folder = dirname(realpathSync(process.argv[1] ?? ''));
const program = openProgram(resolve(folder, '../libexec/hfm/hfmd.js'));
if (process.env.HFM_CODE_CACHE === 'keep') process.on('exit', () => program.keep());
program.run();
