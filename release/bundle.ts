import { build } from 'esbuild';

/** The entry points in src; the programs are installed under the same names. */
export const PROGRAMS = ['hfmd', 'hfmctl'];

/** The entry point that install.sh installs as hfmd; it runs the real hfmd from libexec. */
export const LAUNCHER = 'launcher';

export interface Bundle {
  /** The program: one CommonJS file with its interpreter line. */
  readonly text: string;
  /** The files that it was made from, as paths from the root of the project. */
  readonly inputs: readonly string[];
}

/**
 * When a package.json in a folder above says `"type": "module"`, node loads the file as an ES module,
 * which has no `require`. In CommonJS this line changes nothing.
 */
const REQUIRE_ANYWHERE =
  '"use strict";\nvar require = require ?? process.getBuiltinModule("node:module").createRequire(process.execPath);';

/**
 * Bundles an entry point and everything that it imports into one file. It is CommonJS, as node expects
 * in a file without an extension. It is not minified, so stack traces keep their names.
 */
export async function bundle(root: string, entryPoint: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entryPoint],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.20',
    banner: { js: REQUIRE_ANYWHERE },
    logLevel: 'warning',
  });
  const [file] = outputFiles;
  const [output] = Object.values(metafile.outputs);
  if (file === undefined || output === undefined) throw new Error(`${entryPoint}: no bundle`);
  const used = Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return { text: file.text, inputs: used.map(([path]) => path) };
}
