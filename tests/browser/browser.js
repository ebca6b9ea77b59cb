// The system's Chromium through playwright-core. The one without windows is enough for pages, and opens them several times faster.

import { existsSync } from 'node:fs';
import { chromium } from './modules.js';

const PROGRAMS = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];
const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

export const launch = () =>
  chromium.launch({ executablePath: process.env.RUNSPOOL_CHROMIUM ?? PROGRAMS.find(existsSync), args: ARGS });
