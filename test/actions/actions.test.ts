import { describeShelves } from '../checks/cases.ts';
import { ACTIONS } from './shelves.ts';

describeShelves(ACTIONS);
