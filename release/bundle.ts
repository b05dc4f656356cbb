import { build } from 'esbuild';

/** The entry points of src, and the names under which they are installed. */
export const PROGRAMS = ['hfmd', 'hfmctl'];

/** The entry point that install.sh puts in the place of hfmd, to run that from libexec. */
export const LAUNCHER = 'launcher';

export interface Bundle {
  /** The program, one CommonJS file with its interpreter line. */
  readonly text: string;
  /** What it was made of, as paths from the root of the project. */
  readonly inputs: readonly string[];
}

/**
 * Where a package.json in a folder above says `"type": "module"`, node takes the file for an ES
 * module, which has no `require`; in CommonJS this line changes nothing.
 */
const REQUIRE_ANYWHERE =
  '"use strict";\nvar require = require ?? process.getBuiltinModule("node:module").createRequire(process.execPath);';

/**
 * Makes one file of an entry point and all that it imports. It is CommonJS, which node takes for a
 * file without an extension, and is not minified: stack traces name what they should.
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
