// The system's Chromium through playwright-core.

import { chromium } from './modules.js';

const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

export const launch = () =>
  chromium.launch({ executablePath: process.env.RUNSPOOL_CHROMIUM ?? '/usr/bin/chromium', args: ARGS });
