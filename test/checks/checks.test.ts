import { describeShelves } from './cases.ts';
import { CHECKS } from './shelves.ts';

describeShelves(CHECKS);
