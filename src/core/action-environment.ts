import type { Health } from './health.ts';

/** What an action is told. */
export interface ActionNews {
  readonly backend: string;
  readonly address: string;
  readonly pools: readonly string[];
  readonly from: Health;
  readonly to: 'up' | 'down';
  /** From the closed list; null for a pass, or where the configuration decided. */
  readonly reason: string | null;
  readonly detail: string;
  /** Whether pf has confirmed what the transition asks of the backend's tables. */
  readonly tables: 'confirmed' | 'pending';
}

/** The whole environment of an action: nothing of hfmd's own leaks into it. */
export function actionEnvironment(news: ActionNews): Record<string, string> {
  return {
    PATH: '/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin',
    LC_ALL: 'C',
    HFM_EVENT: news.to,
    HFM_BACKEND: news.backend,
    HFM_ADDRESS: news.address,
    HFM_FROM: news.from,
    HFM_TO: news.to,
    HFM_REASON: news.reason ?? '',
    HFM_DETAIL: news.detail,
    HFM_POOLS: news.pools.join(' '),
    HFM_TABLES: news.tables,
  };
}
