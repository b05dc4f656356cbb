import { describePfEnd } from './pf-end-cases.ts';

describePfEnd([]);
