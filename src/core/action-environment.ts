import type { Health } from './health.ts';

/** The transition that an action is run for. */
export interface ActionTransition {
  readonly backend: string;
  readonly address: string;
  readonly pools: readonly string[];
  readonly from: Health;
  readonly to: 'up' | 'down';
  /** A failure reason of `verdict.ts`; null for a pass, or when the configuration decided. */
  readonly reason: string | null;
  readonly detail: string;
  /** Whether pf has confirmed the table changes that follow from the transition. */
  readonly tables: 'confirmed' | 'pending';
}

/** The whole environment of an action: it inherits nothing from hfmd's own. */
export function actionEnvironment(transition: ActionTransition): Record<string, string> {
  return {
    PATH: '/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin',
    LC_ALL: 'C',
    HFM_EVENT: transition.to,
    HFM_BACKEND: transition.backend,
    HFM_ADDRESS: transition.address,
    HFM_FROM: transition.from,
    HFM_TO: transition.to,
    HFM_REASON: transition.reason ?? '',
    HFM_DETAIL: transition.detail,
    HFM_POOLS: transition.pools.join(' '),
    HFM_TABLES: transition.tables,
  };
}
