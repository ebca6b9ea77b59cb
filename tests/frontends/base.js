// The one thing a front end is told: where Runspool is. page.html?base=URL

import { configure } from 'runspool-client';

export const query = new URLSearchParams(location.search);
configure({ base: query.get('base') });
