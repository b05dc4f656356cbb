#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { openProgram } from './sys/code-cache.ts';

// install.sh installs this file as hfmd; it runs hfmd.js. install.sh sets HFM_CODE_CACHE=keep once, to
// save the code that V8 compiles, which makes later starts faster.
const folder = dirname(realpathSync(process.argv[1] ?? ''));
const program = openProgram(resolve(folder, '../libexec/hfm/hfmd.js'));
if (process.env.HFM_CODE_CACHE === 'keep') process.on('exit', () => program.saveCache());
program.run();
