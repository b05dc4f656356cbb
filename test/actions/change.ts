/** The environment that hfmd gives an action. */
export const CHANGE = {
  HFM_EVENT: 'down',
  HFM_BACKEND: 'lb1',
  HFM_ADDRESS: '10.2.1.11',
  HFM_FROM: 'up',
  HFM_TO: 'down',
  HFM_REASON: 'connect-refused',
  HFM_DETAIL: '10.2.1.11:80 refused the connection',
  HFM_POOLS: 'web mail',
  HFM_TABLES: 'confirmed',
};
