import type { CheckConfig } from '../config/config.ts';
import type { RunScript } from '../process/exec.ts';
import { createHttpProbe } from './http.ts';
import type { Probe } from './probe.ts';
import { createScriptProbe, type ScriptBackend } from './script.ts';
import { createTcpProbe } from './tcp.ts';

interface ProbeDeps {
  readonly runScript: RunScript;
}

/** The probe of one check of one backend. It connects to nothing until it is started. */
export function createProbe(deps: ProbeDeps, backend: ScriptBackend, check: CheckConfig): Probe {
  switch (check.type) {
    case 'http':
      return createHttpProbe(check);
    case 'tcp':
      return createTcpProbe(check);
    case 'script':
      return createScriptProbe(deps.runScript, backend, check);
  }
}
